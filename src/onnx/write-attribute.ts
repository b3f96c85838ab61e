import type { Attribute, AttributeValue, Graph } from '../ir/index.ts';
import type { AttributeProto, GraphProto } from '../wire/index.ts';
import { attributeKinds } from './attribute-kinds.ts';
import { fieldsOf } from './leftover.ts';
import { typeMessage } from './value-type.ts';
import type { WriteContext } from './write-context.ts';
import { tensorMessage } from './write-tensor.ts';

export type WriteGraph = (graph: Graph) => GraphProto;

export function attributeMessage(attribute: Attribute, context: WriteContext, writeGraph: WriteGraph): AttributeProto {
  const { name, value, extras } = attribute;
  const named = name === '' ? {} : { name };
  if (value.kind === 'opaque') return { ...(value.value as AttributeProto), ...named };
  const kind = attributeKinds.find((item) => item.kind === value.kind);
  const stillAbsent = extras?.absent === true && isDefault(value);
  return {
    ...fieldsOf(extras),
    ...named,
    ...(kind && extras?.untyped !== true && { type: kind.type }),
    ...(kind && !stillAbsent && { [kind.field]: fieldValue(value, context, writeGraph) }),
  };
}

/** What an attribute without its value field reads as. */
function isDefault({ kind, value }: AttributeValue): boolean {
  if (kind === 'tensor' || kind === 'graph' || kind === 'type') return true;
  return value === 0 || value === 0n || ((value instanceof Uint8Array || Array.isArray(value)) && value.length === 0);
}

function fieldValue(value: AttributeValue, context: WriteContext, writeGraph: WriteGraph): unknown {
  switch (value.kind) {
    case 'tensor':
      return tensorMessage(value.value, undefined, context);
    case 'tensors':
      return value.value.map((tensor) => tensorMessage(tensor, undefined, context));
    case 'graph':
      return writeGraph(value.value);
    case 'graphs':
      return value.value.map(writeGraph);
    case 'type':
      return typeMessage(value.value);
    case 'types':
      return value.value.map(typeMessage);
    default:
      return value.value;
  }
}
