import type { Tensor } from '../ir/index.ts';
import { type SparseTensorProto, type TensorProto, verbatim } from '../wire/index.ts';
import { dtypeCode } from './dtype-codes.ts';
import { keptTensorBytes } from './kept.ts';
import { fieldsOf } from './leftover.ts';
import { splitStrings } from './string-data.ts';
import { typedFromRaw, typedLayout } from './typed-data.ts';
import type { TensorPlacement, WriteContext } from './write-context.ts';

/** Tensor → TensorProto: as it was stored when we read it, as raw_data when we made it. */
export function tensorMessage(tensor: Tensor, name: string | undefined, context: WriteContext): TensorProto {
  const placement = context.placement(tensor);
  const stays = placement === 'as-read' || (placement === 'inline' && tensor.source.storage !== 'external');
  const kept = stays && !context.fromScratch ? keptTensorBytes(tensor, name ?? nameField(tensor)) : undefined;
  if (kept) return verbatim(kept);
  const { externalData, dataLocation, ...fields } = fieldsOf(tensor.extras) as TensorProto;
  return {
    ...fields,
    ...(stays && { ...(externalData && { externalData }), ...(dataLocation !== undefined && { dataLocation }) }),
    ...(name !== undefined && name !== '' && { name }),
    ...(tensor.dims.length > 0 && { dims: tensor.dims.map(BigInt) }),
    ...(tensor.dtype !== 'undefined' && { dataType: dtypeCode(tensor.dtype) }),
    ...data(tensor, placement),
  };
}

/** A sparse initializer, in the form it was read. */
export function sparseMessage(tensor: Tensor, name: string): SparseTensorProto | undefined {
  const sparse = tensor.extras?.sparse;
  if (typeof sparse !== 'object' || sparse === null) return undefined;
  const { values, ...rest } = sparse as SparseTensorProto;
  return { ...rest, values: { ...values, name } };
}

function nameField(tensor: Tensor): string | undefined {
  return (fieldsOf(tensor.extras) as TensorProto).name;
}

const external = 1;

function data(tensor: Tensor, placement: TensorPlacement): TensorProto {
  const { source, dtype } = tensor;
  if (typeof placement !== 'string') return { externalData: [...placement], dataLocation: external };
  if (source.storage === 'external' && placement === 'as-read') return {};
  if (dtype === 'string') return { stringData: splitStrings(source.read()) };
  if (source.storage !== 'typed') return { rawData: source.read() };
  const layout = typedLayout(dtype);
  if (!layout || source.byteLength === 0) return {};
  return { [layout.field]: [typedFromRaw(source.read(), layout)] };
}
