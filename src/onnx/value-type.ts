import type { Dim, Extras, ValueType } from '../ir/index.ts';
import type { TensorShapeProtoDimension, TypeProto } from '../wire/index.ts';
import { dtypeCode, dtypeOf } from './dtype-codes.ts';
import { asExtras, type Fields, fieldsOf, leftover } from './leftover.ts';

/** TypeProto → ValueType. What is no tensor, or of a type that we do not know, is kept and not interpreted. */
export function readType(message: TypeProto): ValueType {
  const tensor = message.tensorType;
  const dtype = tensor?.elemType === undefined ? undefined : dtypeOf(tensor.elemType);
  const others = leftover(message, ['tensorType']);
  if (!tensor || !dtype || Object.keys(others).some((key) => key.endsWith('Type'))) {
    return { kind: 'other', extras: { fields: leftover(message, []) } };
  }
  const dims = tensor.shape && (tensor.shape.dim ?? []);
  const extras: Record<string, unknown> = { ...asExtras(others) };
  const tensorFields = leftover(tensor, ['elemType', 'shape']);
  if (Object.keys(tensorFields).length > 0) extras.tensor = tensorFields;
  const shapeFields = tensor.shape ? leftover(tensor.shape, ['dim']) : {};
  if (Object.keys(shapeFields).length > 0) extras.shape = shapeFields;
  const dimFields = dims?.map((dim) => leftover(dim, isDim(dim) ? ['dimValue', 'dimParam'] : []));
  if (dimFields?.some((fields) => Object.keys(fields).length > 0)) extras.dims = dimFields;
  return {
    kind: 'tensor',
    dtype,
    ...(dims && { shape: dims.map((dim) => (isDim(dim) ? readDim(dim) : undefined)) }),
    ...(Object.keys(extras).length > 0 && { extras }),
  };
}

/** A size or a symbol, and nothing odd: -1, an empty symbol and both at once mean "not known" and stay in the extras. */
function isDim({ dimValue, dimParam }: TensorShapeProtoDimension): boolean {
  if (dimParam !== undefined) return dimParam !== '' && dimValue === undefined;
  return dimValue !== undefined && dimValue >= 0n && dimValue <= BigInt(Number.MAX_SAFE_INTEGER);
}

function readDim({ dimValue, dimParam }: TensorShapeProtoDimension): Dim {
  return dimParam ?? Number(dimValue);
}

export function typeMessage(type: ValueType): TypeProto {
  if (type.kind === 'other') return { ...fieldsOf(type.extras) };
  const { dtype, shape, extras } = type;
  const dims = shape?.map((dim, index) => dimMessage(dim, dimFields(extras, shape.length)[index]));
  return {
    ...fieldsOf(extras),
    tensorType: {
      ...part(extras, 'tensor'),
      elemType: dtypeCode(dtype),
      ...(dims && { shape: { ...part(extras, 'shape'), dim: dims } }),
    },
  };
}

function dimMessage(dim: Dim, fields: Fields | undefined): TensorShapeProtoDimension {
  if (dim === undefined) return { ...fields };
  const { denotation, $unknowns } = (fields ?? {}) as TensorShapeProtoDimension;
  return {
    ...(typeof dim === 'number' ? { dimValue: BigInt(dim) } : { dimParam: dim }),
    ...(denotation !== undefined && { denotation }),
    ...($unknowns && { $unknowns }),
  };
}

function part(extras: Extras | undefined, key: string): Fields {
  return (extras?.[key] ?? {}) as Fields;
}

function dimFields(extras: Extras | undefined, length: number): readonly Fields[] {
  const fields = extras?.dims;
  return Array.isArray(fields) && fields.length === length ? fields : [];
}
