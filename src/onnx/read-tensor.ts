import { diagnostics } from '../diagnostics.ts';
import { type DType, dtypeBits, Tensor, type TensorSource } from '../ir/index.ts';
import type { TensorProto } from '../wire/index.ts';
import { dtypeOf } from './dtype-codes.ts';
import { externalPlace } from './external-data.ts';
import { keepTensor } from './kept.ts';
import { asExtras, leftover } from './leftover.ts';
import type { ReadContext } from './read-context.ts';
import { joinStrings } from './string-data.ts';
import { rawFromTyped, typedByteLength, typedFields, typedLayout } from './typed-data.ts';

const external = 1;
const interpreted = ['dims', 'rawData', 'stringData', ...typedFields];

/**
 * TensorProto → Tensor. Nothing is copied or converted before somebody reads it.
 *
 * @throws invalid-dims, tensor-data-size, tensor-data-twice, external-data-invalid (exit 3), and what the resolver of
 *   external data throws
 */
export function readTensor(message: TensorProto, context: ReadContext): Tensor {
  return tensorOf(message, context, message.name, []);
}

/** The tensor of an initializer: its name is the value's. */
export function readInitializer(message: TensorProto, context: ReadContext): Tensor {
  return tensorOf(message, context, message.name, ['name']);
}

function tensorOf(
  message: TensorProto,
  context: ReadContext,
  name: string | undefined,
  known: readonly string[],
): Tensor {
  const dtype = message.dataType === undefined ? undefined : dtypeOf(message.dataType);
  const label = name ?? '';
  const dims = readDims(message.dims ?? [], label);
  const fields = leftover(message, [...interpreted, ...known, ...(isKnown(dtype) ? ['dataType'] : [])]);
  const extras = asExtras(fields);
  const source = tensorSource(message, dtype ?? 'undefined', dims, label, context);
  const tensor = new Tensor(dtype ?? 'undefined', dims, source, extras);
  keepTensor(tensor, name, context.places.get(message));
  return tensor;
}

/** A number that we do not know, or none, stays in the extras. */
function isKnown(dtype: DType | undefined): boolean {
  return dtype !== undefined && dtype !== 'undefined';
}

export function readDims(dims: readonly bigint[], tensor: string): number[] {
  const numbers = dims.map(Number);
  if (numbers.every((dim) => dim >= 0 && Number.isSafeInteger(dim))) return numbers;
  throw diagnostics.invalidModel('invalid-dims', `the tensor has dims [${dims.slice(0, 8).join(', ')}]`, { tensor });
}

function tensorSource(
  message: TensorProto,
  dtype: DType,
  dims: readonly number[],
  tensor: string,
  context: ReadContext,
): TensorSource {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const expected = Math.ceil((size * dtypeBits(dtype)) / 8);
  if (message.dataLocation === external) {
    if (dtype === 'string' || dtype === 'undefined')
      throw wrongSize(tensor, `is of type ${dtype}, which cannot be external`);
    return context.external(externalPlace(message.externalData ?? [], tensor, expected));
  }
  const filled = [...typedFields, 'rawData', 'stringData'].filter((field) => Reflect.get(message, field) !== undefined);
  if (filled.length > 1) {
    throw diagnostics.invalidModel('tensor-data-twice', `the tensor holds data in ${filled.join(' and ')}`, { tensor });
  }
  if (message.rawData) return rawSource(message.rawData, dtype, expected, tensor);
  if (dtype === 'string') return stringSource(message.stringData ?? [], size, tensor);
  return typedSource(message, dtype, expected, tensor, filled[0]);
}

function rawSource(bytes: Uint8Array, dtype: DType, expected: number, tensor: string): TensorSource {
  if (dtype === 'string') throw wrongSize(tensor, 'is of strings and holds raw_data');
  if (isKnown(dtype) && bytes.byteLength !== expected) {
    throw wrongSize(tensor, `holds ${bytes.byteLength} bytes, but type and shape take ${expected}`);
  }
  return { byteLength: bytes.byteLength, storage: 'raw', read: () => bytes };
}

function stringSource(strings: readonly Uint8Array[], size: number, tensor: string): TensorSource {
  if (strings.length !== size) throw wrongSize(tensor, `holds ${strings.length} strings, but its shape takes ${size}`);
  const bytes = joinStrings(strings);
  return { byteLength: bytes.byteLength, storage: 'typed', read: () => bytes };
}

function typedSource(
  message: TensorProto,
  dtype: DType,
  expected: number,
  tensor: string,
  filled?: string,
): TensorSource {
  const layout = typedLayout(dtype);
  if (!layout) {
    if (filled !== undefined) throw wrongSize(tensor, `is of no known type and holds ${filled}`);
    return { byteLength: 0, storage: 'typed', read: () => new Uint8Array() };
  }
  if (filled !== undefined && filled !== layout.field) {
    throw wrongSize(tensor, `is of type ${dtype} and holds its data in ${filled}`);
  }
  const length = typedByteLength(message, layout);
  if (length !== expected) {
    throw wrongSize(tensor, `holds data for ${length} bytes, but type and shape take ${expected}`);
  }
  let bytes: Uint8Array | undefined;
  return {
    byteLength: expected,
    storage: 'typed',
    read: () => {
      bytes ??= rawFromTyped(message, layout);
      return bytes;
    },
  };
}

function wrongSize(tensor: string, message: string) {
  return diagnostics.invalidModel('tensor-data-size', `the tensor ${message}`, { tensor });
}
