import { z } from 'zod';
import type { DType } from '../ir/index.ts';
import { dtypeBits } from '../ir/index.ts';

/** Element types of the format that the IR knows too. */
const dtypes = {
  BOOL: 'bool',
  U8: 'uint8',
  I8: 'int8',
  U16: 'uint16',
  I16: 'int16',
  F16: 'float16',
  BF16: 'bfloat16',
  U32: 'uint32',
  I32: 'int32',
  F32: 'float32',
  U64: 'uint64',
  I64: 'int64',
  F64: 'float64',
} as const satisfies Readonly<Record<string, DType>>;

type Code = keyof typeof dtypes;
export type SafetensorsDType = (typeof dtypes)[Code];

const codes = new Map(Object.entries(dtypes).map(([code, dtype]) => [dtype, code]));

export interface SafetensorsEntry {
  readonly dtype: SafetensorsDType;
  readonly dims: readonly number[];
  /** First byte, counted from the end of the header. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

const whole = z.number().int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.enum(Object.keys(dtypes) as [Code, ...Code[]]),
  shape: z.array(whole),
  data_offsets: z.tuple([whole, whole]),
});

/**
 * Checks a header in full: types, sizes, and that the tensors cover the data from the first byte to the last without
 * overlaps or holes, as the format demands. Of a key that stands twice JSON keeps the last; the first is then a hole.
 *
 * @param dataLength bytes after the header
 * @throws Error saying what is wrong with it
 */
export function parseSafetensorsHeader(text: string, dataLength: number): SafetensorsHeader {
  if (!text.startsWith('{')) throw new Error('its header is no JSON object');
  const json: unknown = JSON.parse(text);
  const tensors = new Map<string, SafetensorsEntry>();
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of Object.entries(json as object)) {
    if (name === '__metadata__')
      metadata = new Map(Object.entries(parsed(z.record(z.string(), z.string()), name, value)));
    else tensors.set(name, checkedEntry(name, parsed(entrySchema, name, value)));
  }
  checkCover(tensors, dataLength);
  return { metadata, tensors };
}

function parsed<T>(schema: z.ZodType<T>, name: string, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`"${name}" in its header: ${[...(issue?.path ?? []), issue?.message].join(': ')}`);
}

function checkedEntry(name: string, { dtype, shape, data_offsets: [begin, end] }: z.output<typeof entrySchema>) {
  const byteLength = safetensorsBytes(dtypes[dtype], shape);
  if (end - begin !== byteLength) {
    throw new Error(`"${name}" has ${end - begin} bytes, and ${dtype}[${shape.join(', ')}] takes ${byteLength}`);
  }
  return { dtype: dtypes[dtype], dims: shape, offset: begin, byteLength };
}

/** Size of a tensor; beyond 2^53 it is only known to be too large for any file. */
export function safetensorsBytes(dtype: SafetensorsDType, dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, dtypeBits(dtype) / 8);
}

function checkCover(tensors: ReadonlyMap<string, SafetensorsEntry>, dataLength: number): void {
  let reached = 0;
  const inOrder = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);
  for (const [name, { offset, byteLength }] of inOrder) {
    if (offset < reached) throw new Error(`"${name}" overlaps the tensor before it`);
    if (offset > reached) throw new Error(`bytes ${reached} to ${offset} of its data belong to no tensor`);
    reached = offset + byteLength;
  }
  if (reached > dataLength) throw new Error(`it promises ${reached} bytes of data and has ${dataLength}`);
  if (reached < dataLength) throw new Error(`bytes ${reached} to ${dataLength} of its data belong to no tensor`);
}

/**
 * Text of a header, padded with spaces so that the data begin at a multiple of 8 bytes.
 *
 * @param tensors in the order of their offsets
 */
export function safetensorsHeaderText({ metadata, tensors }: SafetensorsHeader): string {
  const sortedMetadata = [...metadata].sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = [
    ...(metadata.size > 0 ? [`"__metadata__":${JSON.stringify(Object.fromEntries(sortedMetadata))}`] : []),
    ...[...tensors].map(([name, { dtype, dims, offset, byteLength }]) => {
      const entry = { dtype: codes.get(dtype), shape: dims, data_offsets: [offset, offset + byteLength] };
      return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
    }),
  ];
  const text = `{${fields.join(',')}}`;
  return text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8);
}
