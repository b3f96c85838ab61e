import { Float16Array } from '@petamoriken/float16';
import { diagnostics } from '../diagnostics.ts';
import { type DType, dtypeBits } from '../ir/index.ts';

/** What samples are read into; float16 arrives as Float32Array, bool as Uint8Array. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** What a model's input is fed with; float16 and bfloat16 as their bits in Uint16Array. */
export type FeedArray = NumericArray;

/** @param record little- or big-endian elements at offset 0 of a buffer of their own; swapped in place */
export function elementsOf(dtype: DType, record: Uint8Array, bigEndian = false): NumericArray {
  const { buffer, byteOffset, byteLength } = record;
  if (bigEndian) swapBytes(Buffer.from(buffer, byteOffset, byteLength), dtype);
  switch (dtype) {
    case 'bool':
    case 'uint8':
      return record;
    case 'int8':
      return new Int8Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'uint64':
      return new BigUint64Array(buffer);
    case 'int64':
      return new BigInt64Array(buffer);
    case 'float16':
      return Float32Array.from(new Float16Array(buffer));
    case 'bfloat16':
      return Float32Array.from(new Uint16Array(buffer), bfloat16ToNumber);
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
    default:
      throw new Error(`elementsOf: ${dtype} has no numbers`);
  }
}

function swapBytes(bytes: Buffer, dtype: DType): void {
  if (dtype === 'uint16' || dtype === 'int16' || dtype === 'float16') bytes.swap16();
  else if (dtype === 'uint32' || dtype === 'int32' || dtype === 'float32') bytes.swap32();
  else if (dtype === 'uint64' || dtype === 'int64' || dtype === 'float64') bytes.swap64();
}

/** As JavaScript numbers; 64-bit integers beyond 2^53 lose their last digits. */
export function toNumbers(values: NumericArray): Exclude<NumericArray, BigInt64Array | BigUint64Array> {
  return values instanceof BigInt64Array || values instanceof BigUint64Array
    ? Float64Array.from(values, Number)
    : values;
}

/** Element types that a model's input may have. */
export const feedDTypes = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'uint64',
  'int64',
  'bool',
] as const satisfies readonly DType[];
export type FeedDType = (typeof feedDTypes)[number];

export function isFeedDType(dtype: DType): dtype is FeedDType {
  return (feedDTypes as readonly DType[]).includes(dtype);
}

/** Elements of type `dtype`, all zero. */
export function allocateFeed(dtype: FeedDType, length: number): FeedArray {
  switch (dtype) {
    case 'bool':
    case 'uint8':
      return new Uint8Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'float16':
    case 'bfloat16':
    case 'uint16':
      return new Uint16Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'uint32':
      return new Uint32Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'uint64':
      return new BigUint64Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
  }
}

/**
 * Writes values as elements of `dtype`: float16 and bfloat16 rounded to nearest even, integers rounded and clamped.
 *
 * @param target of allocateFeed(dtype)
 * @throws non-finite-input (2) NaN or infinity for an integer input
 */
export function storeFeed(dtype: FeedDType, target: FeedArray, offset: number, values: NumericArray): void {
  if (target instanceof BigInt64Array || target instanceof BigUint64Array) storeBig(dtype, target, offset, values);
  else target.set(asElements(dtype, toNumbers(values)), offset);
}

function asElements(dtype: FeedDType, values: ReturnType<typeof toNumbers>) {
  if (dtype === 'float32' || dtype === 'float64') return values;
  if (dtype === 'float16') return new Uint16Array(new Float16Array(values).buffer);
  if (dtype === 'bfloat16') return Uint16Array.from(values, numberToBfloat16);
  const [low, high] = integerRange(dtype);
  return Float64Array.from(values, (value) => Math.min(high, Math.max(low, wholeNumber(value))));
}

function storeBig(
  dtype: FeedDType,
  target: BigInt64Array | BigUint64Array,
  offset: number,
  values: NumericArray,
): void {
  const [low, high] = dtype === 'uint64' ? [0n, 2n ** 64n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n];
  for (const [i, value] of values.entries()) {
    const whole = typeof value === 'bigint' ? value : BigInt(wholeNumber(value));
    target[offset + i] = whole < low ? low : whole > high ? high : whole;
  }
}

function wholeNumber(value: number): number {
  if (Number.isFinite(value)) return Math.round(value);
  throw diagnostics.data('non-finite-input', `${value} cannot be fed to an input of whole numbers`);
}

function integerRange(dtype: FeedDType): readonly [number, number] {
  if (dtype === 'bool') return [0, 1];
  const bits = dtypeBits(dtype);
  return dtype.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

const word = new DataView(new ArrayBuffer(4));

function bfloat16ToNumber(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}

function numberToBfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  word.setFloat32(0, value);
  const bits = word.getUint32(0);
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
