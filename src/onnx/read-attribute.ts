import type { Attribute, AttributeValue, Graph } from '../ir/index.ts';
import type { AttributeProto, GraphProto, SparseTensorProto, TensorProto } from '../wire/index.ts';
import { type AttributeKind, attributeKinds, plainFields } from './attribute-kinds.ts';
import { leftover } from './leftover.ts';
import type { ReadContext } from './read-context.ts';
import { readSparseTensor } from './read-sparse-tensor.ts';
import { readTensor } from './read-tensor.ts';
import { refuseExternal } from './refuse-external.ts';
import { readType } from './value-type.ts';

export type ReadGraph = (message: GraphProto) => Graph;

/**
 * AttributeProto → Attribute. References to function attributes, sparse tensors, and an attribute that holds other
 * fields than its type says are kept as they are and not interpreted.
 */
export function readAttribute(message: AttributeProto, context: ReadContext, readGraph: ReadGraph): Attribute {
  const name = message.name ?? '';
  const kind = kindOf(message);
  if (!kind) return { name, value: readOpaque(message, context) };
  const fields = leftover(message, [...(name === '' ? [] : ['name']), 'type', kind.field]);
  const absent = message[kind.field] === undefined;
  const untyped = message.type === undefined;
  return {
    name,
    value: readValue(message, kind, context, readGraph),
    ...((Object.keys(fields).length > 0 || absent || untyped) && { extras: { fields, absent, untyped } }),
  };
}

function kindOf(message: AttributeProto): AttributeKind | undefined {
  const filled = Object.keys(message).filter((field) => !plainFields.includes(field));
  const [field] = filled;
  if (filled.length > 1) return undefined;
  // Files of IR 1 give no type: the field that is there says it.
  if (message.type === undefined) return attributeKinds.find((kind) => kind.field === field);
  const kind = attributeKinds.find(({ type }) => type === message.type);
  return field === undefined || field === kind?.field ? kind : undefined;
}

function readOpaque(message: AttributeProto, context: ReadContext): AttributeValue {
  const tensors: TensorProto[] = [...(message.t ? [message.t] : []), ...(message.tensors ?? [])];
  for (const tensor of tensors) readTensor(tensor, context);
  const sparse: SparseTensorProto[] = [
    ...(message.sparseTensor ? [message.sparseTensor] : []),
    ...(message.sparseTensors ?? []),
  ];
  for (const tensor of sparse) readSparseTensor(tensor, context);
  const value = leftover(message, message.name ? ['name'] : []);
  refuseExternal(value);
  return { kind: 'opaque', value };
}

function readValue(
  message: AttributeProto,
  { kind }: AttributeKind,
  context: ReadContext,
  readGraph: ReadGraph,
): AttributeValue {
  switch (kind) {
    case 'float':
      return { kind, value: message.f ?? 0 };
    case 'int':
      return { kind, value: message.i ?? 0n };
    case 'string':
      return { kind, value: message.s ?? new Uint8Array() };
    case 'tensor':
      return { kind, value: readTensor(message.t ?? {}, context) };
    case 'graph':
      return { kind, value: readGraph(message.g ?? {}) };
    case 'type':
      return { kind, value: readType(message.tp ?? {}) };
    case 'floats':
      return { kind, value: message.floats ?? [] };
    case 'ints':
      return { kind, value: message.ints ?? [] };
    case 'strings':
      return { kind, value: message.strings ?? [] };
    case 'tensors':
      return { kind, value: (message.tensors ?? []).map((tensor) => readTensor(tensor, context)) };
    case 'graphs':
      return { kind, value: (message.graphs ?? []).map(readGraph) };
    case 'types':
      return { kind, value: (message.typeProtos ?? []).map(readType) };
  }
}
