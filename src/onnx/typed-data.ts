import type { DType } from '../ir/index.ts';
import {
  type PackedKind,
  packedBytes,
  packedCount,
  packVarints,
  type TensorProto,
  unpackVarints,
} from '../wire/index.ts';

/** Field of TensorProto that holds elements of a type when raw_data does not. */
export type TypedField = 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';

export interface TypedLayout {
  readonly field: TypedField;
  readonly kind: PackedKind;
  /** Bytes of raw_data that one number of the field stands for: half a complex, or one byte of packed small integers. */
  readonly bytes: 1 | 2 | 4 | 8;
  /** Stored with its sign. */
  readonly signed: boolean;
}

const layout = (field: TypedField, kind: PackedKind, bytes: 1 | 2 | 4 | 8, signed: boolean): TypedLayout => ({
  field,
  kind,
  bytes,
  signed,
});
const float = layout('floatData', 'float', 4, true);
const double = layout('doubleData', 'double', 8, true);
const small = (bytes: 1 | 2 | 4, signed: boolean): TypedLayout => layout('int32Data', 'int32', bytes, signed);
const unsigned = (bytes: 4 | 8): TypedLayout => layout('uint64Data', 'uint64', bytes, false);

const layouts: Partial<Record<DType, TypedLayout>> = {
  float32: float,
  complex64: float,
  float64: double,
  complex128: double,
  int32: small(4, true),
  int16: small(2, true),
  int8: small(1, true),
  uint16: small(2, false),
  uint8: small(1, false),
  bool: small(1, false),
  float16: small(2, false),
  bfloat16: small(2, false),
  float8e4m3fn: small(1, false),
  float8e4m3fnuz: small(1, false),
  float8e5m2: small(1, false),
  float8e5m2fnuz: small(1, false),
  float8e8m0: small(1, false),
  uint4: small(1, false),
  int4: small(1, false),
  float4e2m1: small(1, false),
  uint2: small(1, false),
  int2: small(1, false),
  int64: layout('int64Data', 'int64', 8, true),
  uint32: unsigned(4),
  uint64: unsigned(8),
};

const signedArrays = { 1: Int8Array, 2: Int16Array, 4: Int32Array, 8: BigInt64Array } as const;
const unsignedArrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

export const typedFields: readonly TypedField[] = ['floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data'];

/** Undefined for strings and for types without data. */
export function typedLayout(dtype: DType): TypedLayout | undefined {
  return layouts[dtype];
}

/** Bytes that the typed field takes as raw_data. */
export function typedByteLength(message: TensorProto, { field, kind, bytes }: TypedLayout): number {
  return packedCount(message[field] ?? [], kind) * bytes;
}

/** Typed field → raw_data layout. Floats are returned as they lie in the file. */
export function rawFromTyped(message: TensorProto, { field, kind, bytes }: TypedLayout): Uint8Array {
  const payload = packedBytes(message[field] ?? [], kind);
  if (kind === 'float' || kind === 'double') return payload;
  const words = unpackVarints(payload);
  if (bytes === 8) return new Uint8Array(words.buffer);
  const low = new Uint32Array(words.buffer);
  const narrow = new unsignedArrays[bytes](words.length);
  for (let index = 0; index < words.length; index++) narrow[index] = low[2 * index] ?? 0;
  return new Uint8Array(narrow.buffer);
}

/** raw_data layout → payload of the packed typed field. */
export function typedFromRaw(raw: Uint8Array, { kind, bytes, signed }: TypedLayout): Uint8Array {
  if (kind === 'float' || kind === 'double') return raw;
  const numbers = new (signed ? signedArrays : unsignedArrays)[bytes](new Uint8Array(raw).buffer);
  return packVarints(numbers, numbers.length);
}
