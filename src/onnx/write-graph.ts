import type { FunctionDefinition, Graph, Node, Value } from '../ir/index.ts';
import {
  type FunctionProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
  verbatim,
} from '../wire/index.ts';
import { annotationMessages } from './annotations.ts';
import { keptBytes } from './kept.ts';
import { fieldsOf } from './leftover.ts';
import { unchangedBytes } from './unchanged.ts';
import { valueInfoMessage } from './value-info.ts';
import { type ListExtras, type ValueList, variantKey } from './value-lists.ts';
import { attributeMessage } from './write-attribute.ts';
import type { WriteContext } from './write-context.ts';
import { sparseMessage, tensorMessage } from './write-tensor.ts';

export function graphMessage(graph: Graph, context: WriteContext): GraphProto {
  const initializer: TensorProto[] = [];
  const sparseInitializer = [];
  for (const { name, tensor } of graph.initializers) {
    if (!tensor) throw new Error(`initializer ${name} has no tensor`);
    const sparse = sparseMessage(tensor, name);
    if (sparse) sparseInitializer.push(sparse);
    else initializer.push(tensorMessage(tensor, name, context));
  }
  return {
    ...fieldsOf(graph.extras),
    ...annotationMessages(graph),
    ...(graph.name !== '' && { name: graph.name }),
    ...(graph.docString !== undefined && { docString: graph.docString }),
    node: graph.nodes.map((node) => nodeMessage(node, context)),
    initializer,
    sparseInitializer,
    input: listMessages(graph, 'input', graph.inputs, context),
    output: listMessages(graph, 'output', graph.outputs, context),
    valueInfo: listMessages(graph, 'valueInfo', graph.valueInfo, context),
  };
}

export function functionMessage(definition: FunctionDefinition, context: WriteContext): FunctionProto {
  const build = (how: WriteContext): FunctionProto => ({
    ...fieldsOf(definition.extras),
    ...(definition.name !== '' && { name: definition.name }),
    ...(definition.domain !== '' && { domain: definition.domain }),
    input: definition.body.inputs.map(({ name }) => name),
    output: definition.body.outputs.map(({ name }) => name),
    node: definition.body.nodes.map((node) => nodeMessage(node, how)),
    valueInfo: listMessages(definition.body, 'valueInfo', definition.body.valueInfo, how),
  });
  return original('FunctionProto', keptBytes(definition.extras), build, context);
}

export function nodeMessage(node: Node, context: WriteContext): NodeProto {
  const build = (how: WriteContext): NodeProto => ({
    ...fieldsOf(node.extras),
    ...(node.name !== '' && { name: node.name }),
    ...(node.domain !== '' && { domain: node.domain }),
    ...(node.docString !== undefined && { docString: node.docString }),
    opType: node.opType,
    input: node.inputs.map(nameOf),
    output: node.outputs.map(nameOf),
    attribute: [...node.attributes.values()].map((item) =>
      attributeMessage(item, how, (graph) => graphMessage(graph, how)),
    ),
  });
  return original('NodeProto', keptBytes(node.extras), build, context);
}

function nameOf(value: Value | null): string {
  return value?.name ?? '';
}

/** The original bytes when they still say what the entity is, otherwise the entity made anew. */
function original<Name extends 'NodeProto' | 'FunctionProto' | 'ValueInfoProto'>(
  type: Name,
  kept: Uint8Array | undefined,
  build: (context: WriteContext) => object,
  context: WriteContext,
): object {
  if (context.fromScratch || !kept) return build(context);
  const bytes = unchangedBytes(type, kept, build({ ...context, fromScratch: true }));
  return bytes ? verbatim(bytes) : build(context);
}

function listMessages(graph: Graph, list: ValueList, values: Iterable<Value>, context: WriteContext): ValueInfoProto[] {
  const { variants, surplus } = (graph.extras ?? {}) as ListExtras;
  const byKey = new Map(variants?.map((variant) => [variant.key, variant]));
  const counts = new Map<string, number>();
  const messages: ValueInfoProto[] = [];
  const names = new Set<string>();
  for (const value of values) {
    const count = counts.get(value.name) ?? 0;
    counts.set(value.name, count + 1);
    names.add(value.name);
    const variant = byKey.get(variantKey(list, value.name, count));
    const holds = variant && variant.type === value.type;
    const build = () => (holds ? variant.message : valueInfoMessage(value));
    messages.push(original('ValueInfoProto', keptBytes(holds ? variant.extras : value.extras), build, context));
  }
  if (list === 'valueInfo') {
    for (const { index, value, message } of surplus ?? []) if (names.has(value)) messages.splice(index, 0, message);
  }
  return messages;
}
