import type { Packed } from './generated/messages.ts';

/** Number types of TensorProto's typed fields. */
export type PackedKind = 'float' | 'double' | 'int32' | 'int64' | 'uint64';

const width = { float: 4, double: 8 } as const;

/** Wire bytes of a packed field's payload. A field that was written packed in one piece is returned as it lies. */
export function packedBytes(values: Packed, kind: PackedKind): Uint8Array {
  const [first] = values;
  if (values.length === 1 && first instanceof Uint8Array) return first;
  const pieces = values.map((value) => (value instanceof Uint8Array ? value : encodeNumber(value, kind)));
  return concatenate(pieces);
}

/** One plain Uint8Array: `slice` of a Buffer would be a view, and readers of tensors may rely on it being a copy. */
export function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let position = 0;
  for (const piece of pieces) {
    bytes.set(piece, position);
    position += piece.byteLength;
  }
  return bytes;
}

/** Number of elements, without making them. */
export function packedCount(values: Packed, kind: PackedKind): number {
  return values.reduce<number>((sum, value) => sum + (value instanceof Uint8Array ? countIn(value, kind) : 1), 0);
}

function countIn(bytes: Uint8Array, kind: PackedKind): number {
  if (kind === 'float' || kind === 'double') return bytes.byteLength / width[kind];
  let count = 0;
  for (const byte of bytes) if (byte < 128) count++;
  return count;
}

/** Varints of a payload as 64-bit two's complement, low word first: what int64_data, uint64_data and int32_data hold. */
export function unpackVarints(bytes: Uint8Array): BigInt64Array {
  const words = new BigInt64Array(countIn(bytes, 'int64'));
  const halves = new Uint32Array(words.buffer);
  let position = 0;
  for (let index = 0; index < words.length; index++) {
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else if (shift < 64) high |= bits << (shift - 32);
      if (byte < 128) break;
    }
    halves[2 * index] = low;
    halves[2 * index + 1] = high;
  }
  return words;
}

/** Inverse of {@link unpackVarints}, each number in the fewest bytes. Negative numbers take ten, as the format asks. */
export function packVarints(values: Iterable<bigint | number>, count: number): Uint8Array {
  const bytes = new Uint8Array(count * 10);
  let position = 0;
  for (const value of values) position = putVarint(bytes, position, value);
  return bytes.subarray(0, position);
}

/** Writes `value` modulo 2^64 and returns the position after it. */
export function putVarint(bytes: Uint8Array, position: number, value: bigint | number): number {
  let at = position;
  if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
    let rest = value;
    while (rest >= 128) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    bytes[at++] = rest;
    return at;
  }
  const bits = BigInt.asUintN(64, BigInt(value));
  let low = Number(bits & 0xfff_ffffn);
  let middle = Number((bits >> 28n) & 0xfff_ffffn);
  const high = Number(bits >> 56n);
  const length = varintSize(bits);
  for (let index = 0; index < length; index++) {
    let digit: number;
    if (index < 4) {
      digit = low & 127;
      low >>>= 7;
    } else if (index < 8) {
      digit = middle & 127;
      middle >>>= 7;
    } else digit = index === 8 ? high & 127 : high >>> 7;
    bytes[at++] = index === length - 1 ? digit : digit | 128;
  }
  return at;
}

function varintSize(bits: bigint): number {
  let size = 1;
  for (let rest = bits >> 7n; rest > 0n; rest >>= 7n) size++;
  return size;
}

function encodeNumber(value: number | bigint, kind: PackedKind): Uint8Array {
  if (kind === 'float') return new Uint8Array(Float32Array.of(Number(value)).buffer);
  if (kind === 'double') return new Uint8Array(Float64Array.of(Number(value)).buffer);
  return packVarints([value], 1);
}
