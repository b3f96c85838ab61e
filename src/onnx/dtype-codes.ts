import type { DType } from '../ir/index.ts';

/** TensorProto.DataType by number. */
const dtypes: readonly DType[] = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
];

const codes = new Map(dtypes.map((dtype, code) => [dtype, code]));

/** Undefined for numbers that this version of the standard does not name. */
export function dtypeOf(code: number): DType | undefined {
  return dtypes[code];
}

export function dtypeCode(dtype: DType): number {
  return codes.get(dtype) ?? 0;
}
