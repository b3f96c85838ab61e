import { diagnostics } from '../diagnostics.ts';
import { type Attribute, type Graph, Node, type Value } from '../ir/index.ts';
import type { GraphProto, NodeProto } from '../wire/index.ts';
import { keep } from './kept.ts';
import { leftover } from './leftover.ts';
import { readAttribute } from './read-attribute.ts';
import type { ReadContext, Scope } from './read-context.ts';

/**
 * NodeProto → Node, its inputs resolved in `scope`, where its outputs are already declared.
 *
 * @throws node-without-operator, missing-producer, duplicate-attribute (exit 3)
 */
export function readNode(
  message: NodeProto,
  scope: Scope,
  context: ReadContext,
  readSubgraph: (message: GraphProto, outer: Scope) => Graph,
): Node {
  const label = nodeLabel(message);
  if (!message.opType)
    throw diagnostics.invalidModel('node-without-operator', 'a node names no operator', { node: label });
  const attributes = (message.attribute ?? []).map((item) =>
    readAttribute(item, context, (graph) => readSubgraph(graph, scope)),
  );
  refuseDuplicates(attributes, label);
  const domain = message.domain ?? '';
  const silent = [...(message.name ? ['name'] : []), ...(defaultDomain(domain) ? [] : ['domain'])];
  const extras = { fields: leftover(message, ['input', 'output', 'opType', 'attribute', 'docString', ...silent]) };
  const node = new Node({
    name: message.name ?? '',
    opType: message.opType,
    domain,
    inputs: (message.input ?? []).map((name) => (name === '' ? null : resolve(name, scope, label))),
    outputs: (message.output ?? []).map((name) => (name === '' ? null : declared(name, scope))),
    attributes,
    ...(message.docString !== undefined && { docString: message.docString }),
    extras,
  });
  keep(extras, context.places.get(message));
  return node;
}

/** The standard's operators go under two names, of which the IR knows one; the extras remember which it was. */
export function defaultDomain(domain: string | undefined): boolean {
  return domain === undefined || domain === '' || domain === 'ai.onnx';
}

export function nodeLabel(message: NodeProto): string {
  return message.name || `${message.opType ?? '?'} → ${message.output?.find((name) => name !== '') ?? ''}`;
}

function resolve(name: string, scope: Scope, node: string): Value {
  const value = scope.find(name);
  if (!value) throw diagnostics.missingProducer(name, node);
  return value;
}

function declared(name: string, scope: Scope): Value {
  const value = scope.names.get(name);
  if (!value) throw new Error(`output ${name} was not declared`);
  return value;
}

function refuseDuplicates(attributes: readonly Attribute[], node: string): void {
  const names = new Set<string>();
  for (const { name } of attributes) {
    if (names.has(name))
      throw diagnostics.invalidModel('duplicate-attribute', `the attribute "${name}" is given twice`, { node });
    names.add(name);
  }
}
