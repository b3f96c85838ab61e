import type { DType } from './dtype.ts';
import type { Tensor } from './tensor.ts';
import { fromFloat64, toBigInts, toFloat64 } from './tensor-data.ts';

/** Types whose few elements are written as numbers. */
const inlineTypes: ReadonlySet<DType> = new Set<DType>([
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'uint32',
  'int16',
  'uint16',
  'int8',
  'uint8',
  'bool',
]);

export interface PrintTensorOptions {
  /** Up to this many elements are written as numbers, more as base64. Default 16. */
  readonly inline?: number;
  /** More elements than this are left out; such a text cannot be read back. Default: none. */
  readonly elideAbove?: number;
}

/** `float32[2]{1, 0.5}`, `float32[64]base64 "…"` or `float32[64]elided`. */
export function printTensor(
  tensor: Tensor,
  { inline = 16, elideAbove = Number.POSITIVE_INFINITY }: PrintTensorOptions,
): string {
  const head = `${tensor.dtype}[${tensor.dims.join(', ')}]`;
  const numbers = tensor.size <= inline ? exactNumbers(tensor) : undefined;
  if (numbers) return `${head}{${numbers.join(', ')}}`;
  if (tensor.size > elideAbove) return `${head}elided`;
  return `${head}base64 "${printBase64(tensor.bytes())}"`;
}

export function printBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** -0 keeps its sign. */
export function printNumber(x: number): string {
  return Object.is(x, -0) ? '-0' : String(x);
}

/** Undefined where numbers would not give the same bytes: the payload of a NaN, a boolean other than 0 and 1. */
function exactNumbers(tensor: Tensor): readonly string[] | undefined {
  const { dtype, dims } = tensor;
  if (!inlineTypes.has(dtype) || tensor.source.byteLength !== tensor.expectedByteLength) return undefined;
  if (dtype === 'int64') return toBigInts(tensor).map(String);
  const numbers = Array.from(toFloat64(tensor), printNumber);
  // From the text, not from the numbers: an engine may carry the payload of a NaN along.
  const again = fromFloat64(numbers.map(Number), dims, dtype).bytes();
  return Buffer.compare(again, tensor.bytes()) === 0 ? numbers : undefined;
}
