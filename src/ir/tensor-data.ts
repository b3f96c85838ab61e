import { getFloat16 } from '@petamoriken/float16';
import { type DType, dtypeBits } from './dtype.ts';
import { memorySource, Tensor } from './tensor.ts';

/**
 * Numbers in and out of tensors. Bytes may lie at any alignment, so views are made over a fresh copy where the offset
 * does not fit; what is returned is always the caller's own. ONNX data is little-endian, as is every machine that ONNX
 * Runtime's Node binding is built for, so typed arrays read it directly.
 */

type Decode = (bytes: Uint8Array, size: number, out: Float64Array) => void;
/** `view` spans a buffer of its own. */
type Encode = (data: ArrayLike<number>, view: DataView) => void;

/** Types whose elements are exact in float64 up to 2^53, and their codec. */
const decoders: Partial<Record<DType, Decode>> = {
  float64: native(Float64Array),
  float32: native(Float32Array),
  float16: decodeFloat16,
  bfloat16: decodeBfloat16,
  int64: decodeBigInts(BigInt64Array),
  uint64: decodeBigInts(BigUint64Array),
  int32: native(Int32Array),
  uint32: native(Uint32Array),
  int16: native(Int16Array),
  uint16: native(Uint16Array),
  int8: native(Int8Array),
  uint8: native(Uint8Array),
  bool: (bytes, size, out) => {
    for (let i = 0; i < size; i++) out[i] = bytes[i] === 0 ? 0 : 1;
  },
  int4: packed(4, true),
  uint4: packed(4, false),
  int2: packed(2, true),
  uint2: packed(2, false),
};

const encoders: Partial<Record<DType, Encode>> = {
  float64: (data, view) => new Float64Array(view.buffer).set(data),
  float32: (data, view) => new Float32Array(view.buffer).set(data),
  float16: store(2, (view, at, x) => view.setUint16(at, float16Bits(x), true)),
  bfloat16: store(2, (view, at, x) => view.setUint16(at, bfloat16Bits(x), true)),
  int64: store(8, (view, at, x) => view.setBigInt64(at, BigInt(x), true)),
  uint64: store(8, (view, at, x) => view.setBigUint64(at, BigInt(x), true)),
  int32: store(4, (view, at, x) => view.setInt32(at, x, true)),
  uint32: store(4, (view, at, x) => view.setUint32(at, x, true)),
  int16: store(2, (view, at, x) => view.setInt16(at, x, true)),
  uint16: store(2, (view, at, x) => view.setUint16(at, x, true)),
  int8: store(1, (view, at, x) => view.setInt8(at, x)),
  uint8: store(1, (view, at, x) => view.setUint8(at, x)),
  bool: store(1, (view, at, x) => view.setUint8(at, x === 0 ? 0 : 1)),
};

/** Whether {@link toFloat64} reads the type: every real, integer and boolean type but the 8- and 4-bit floats. */
export function hasNumericData(dtype: DType): boolean {
  return decoders[dtype] !== undefined;
}

/**
 * All elements, row-major. Exact for every type read, but 64-bit integers beyond 2^53, which are rounded.
 * Infinities and NaN stay what they are.
 *
 * @throws RangeError for types that are not numbers or when the bytes do not fit the dims: the reader refuses such
 *   tensors, so only code of ours can make one.
 */
export function toFloat64(tensor: Tensor): Float64Array {
  const decode = decoders[tensor.dtype];
  if (!decode) throw new RangeError(`a ${tensor.dtype} tensor does not hold numbers`);
  const out = new Float64Array(tensor.size);
  decode(checkedBytes(tensor), tensor.size, out);
  return out;
}

/**
 * A tensor of `dtype` from numbers, rounded once, to nearest even. What is too large for a float type becomes an
 * infinity; integers must be given as integers in range.
 */
export function fromFloat64(data: ArrayLike<number>, dims: readonly number[], dtype: DType): Tensor {
  const encode = encoders[dtype];
  if (!encode) throw new RangeError(`cannot make a ${dtype} tensor from numbers`);
  const tensor = tensorFor(data.length, dtype, dims);
  encode(data, dataView(tensor));
  return tensor;
}

/** float32 elements, row-major: a copy of the bytes for float32 tensors, otherwise rounded from float64. */
export function toFloat32(tensor: Tensor): Float32Array {
  if (tensor.dtype !== 'float32') return Float32Array.from(toFloat64(tensor));
  const out = new Float32Array(tensor.size);
  new Uint8Array(out.buffer).set(checkedBytes(tensor));
  return out;
}

/** Elements as they can be read without loss and mostly without a copy: float32 as it lies, every other type widened. */
export function toReals(tensor: Tensor): Float32Array | Float64Array {
  return tensor.dtype === 'float32' ? aligned(checkedBytes(tensor), Float32Array) : toFloat64(tensor);
}

/** Elements of an integer tensor without rounding. */
export function toBigInts(tensor: Tensor): bigint[] {
  const bytes = checkedBytes(tensor);
  if (tensor.dtype === 'int64') return Array.from(aligned(bytes, BigInt64Array));
  if (tensor.dtype === 'uint64') return Array.from(aligned(bytes, BigUint64Array));
  return Array.from(toFloat64(tensor), BigInt);
}

/** An int64 tensor; dims default to one axis. */
export function int64Tensor(values: readonly (number | bigint)[], dims: readonly number[] = [values.length]): Tensor {
  const tensor = tensorFor(values.length, 'int64', dims);
  const view = dataView(tensor);
  values.forEach((value, i) => {
    view.setBigInt64(i * 8, BigInt(value), true);
  });
  return tensor;
}

/** `x` rounded to the nearest bfloat16 (ties to even), as its 16 bits. */
export function bfloat16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7fc0;
  scratchFloat[0] = x;
  let word = scratchWord[0] ?? 0;
  const single = scratchFloat[0] ?? 0;
  // Rounding float64 → float32 → bfloat16 rounds twice. Rounding to odd in between keeps the sticky bit.
  if (single !== x && Number.isFinite(single)) {
    if (Math.abs(single) > Math.abs(x)) word -= 1;
    word |= 1;
  }
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/**
 * `x` rounded to the nearest float16 (ties to even), as its 16 bits. The library's setFloat16 takes 6 times as long
 * (4 million numbers: 6.3 s, this 1.0 s, on a busy machine).
 */
export function float16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const size = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  scratchDouble[0] = size;
  const exponent = ((scratchHalves[1] ?? 0) >>> 20) - 1023;
  // 1024 to 2048; at 2048 the carry makes the next exponent.
  return sign | (((exponent + 14) << 10) + roundToEven(size * 2 ** (10 - exponent)));
}

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

const scratchDouble = new Float64Array(1);
const scratchHalves = new Uint32Array(scratchDouble.buffer);
const scratchFloat = new Float32Array(1);
const scratchWord = new Uint32Array(scratchFloat.buffer);

/** Zeros, to be filled with `count` elements. */
function tensorFor(count: number, dtype: DType, dims: readonly number[]): Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (count !== size) throw new RangeError(`${count} elements do not fill dims [${dims.join(', ')}]`);
  return new Tensor(dtype, [...dims], memorySource(new Uint8Array(Math.ceil((size * dtypeBits(dtype)) / 8))));
}

function checkedBytes(tensor: Tensor): Uint8Array {
  const bytes = tensor.bytes();
  if (bytes.byteLength !== tensor.expectedByteLength) {
    throw new RangeError(
      `${bytes.byteLength} bytes do not fill a ${tensor.dtype} tensor of dims [${tensor.dims.join(', ')}]`,
    );
  }
  return bytes;
}

function dataView(tensor: Tensor): DataView {
  const bytes = checkedBytes(tensor);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface ViewType<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

/** The bytes as a typed array; over a copy where they do not lie at a multiple of the element's size. */
function aligned<T>(bytes: Uint8Array, type: ViewType<T>): T {
  const stride = type.BYTES_PER_ELEMENT;
  const { buffer, byteOffset } = bytes.byteOffset % stride === 0 ? bytes : Uint8Array.from(bytes);
  return new type(buffer, byteOffset, bytes.byteLength / stride);
}

function native(type: ViewType<ArrayLike<number>>): Decode {
  return (bytes, _, out) => out.set(aligned(bytes, type));
}

function decodeBigInts(type: ViewType<BigInt64Array | BigUint64Array>): Decode {
  return (bytes, size, out) => {
    const view = aligned(bytes, type);
    for (let i = 0; i < size; i++) out[i] = Number(view[i]);
  };
}

function store(stride: number, set: (view: DataView, at: number, x: number) => void): Encode {
  return (data, view) => {
    for (let i = 0; i < data.length; i++) set(view, i * stride, data[i] ?? 0);
  };
}

/** Elements of less than a byte, first in the low bits (ONNX IR, "tensor element types, packing"). */
function packed(bits: number, signed: boolean): Decode {
  const perByte = 8 / bits;
  const half = 1 << (bits - 1);
  return (bytes, size, out) => {
    for (let i = 0; i < size; i++) {
      const field = ((bytes[Math.floor(i / perByte)] ?? 0) >> ((i % perByte) * bits)) & (2 * half - 1);
      out[i] = signed && field >= half ? field - 2 * half : field;
    }
  };
}

/** All 65 536 float16 numbers, made on first use, so that decoding is a look-up. */
let float16Table: Float64Array | undefined;

function decodeFloat16(bytes: Uint8Array, size: number, out: Float64Array): void {
  float16Table ??= makeFloat16Table();
  const view = aligned(bytes, Uint16Array);
  for (let i = 0; i < size; i++) out[i] = float16Table[view[i] ?? 0] ?? 0;
}

function makeFloat16Table(): Float64Array {
  const view = new DataView(new ArrayBuffer(2));
  return Float64Array.from({ length: 65_536 }, (_, bits) => {
    view.setUint16(0, bits);
    return getFloat16(view, 0);
  });
}

function decodeBfloat16(bytes: Uint8Array, size: number, out: Float64Array): void {
  const words = new Uint32Array(size);
  const view = aligned(bytes, Uint16Array);
  for (let i = 0; i < size; i++) words[i] = (view[i] ?? 0) << 16;
  out.set(new Float32Array(words.buffer));
}
