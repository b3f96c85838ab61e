import { diagnostics } from '../diagnostics.ts';
import { type FunctionDefinition, Graph, Value } from '../ir/index.ts';
import type { FunctionProto, GraphProto, NodeProto } from '../wire/index.ts';
import { readAnnotations } from './annotations.ts';
import { keep } from './kept.ts';
import { leftover } from './leftover.ts';
import { type ReadContext, Scope } from './read-context.ts';
import { nodeLabel, readNode } from './read-node.ts';
import { readSparseTensor } from './read-sparse-tensor.ts';
import { readInitializer } from './read-tensor.ts';
import { refuseExternal } from './refuse-external.ts';
import { readValueLists, type ValueList } from './value-lists.ts';

/**
 * GraphProto → Graph. Names become references here: first everything that the graph defines is declared, then it is
 * read, so that nodes may stand in any order and an inner name shadows an outer one.
 *
 * @throws duplicate-definition, missing-producer and what nodes and tensors throw (exit 3)
 */
export function readGraph(message: GraphProto, outer: Scope | undefined, context: ReadContext): Graph {
  const graph = new Graph(message.name ?? '');
  graph.parent = outer?.graph;
  graph.docString = message.docString;
  const scope = new Scope(graph, outer);
  for (const info of message.input ?? []) declare(info.name ?? '', scope);
  readInitializers(message, scope, context);
  declareOutputs(message.node ?? [], scope);
  const lists = readValueLists(message, graph, valueFinder(scope), context);
  readNodes(message.node ?? [], scope, context);
  const known = ['node', 'initializer', 'sparseInitializer', 'docString', 'input', 'output', 'valueInfo'];
  graph.extras = {
    fields: leftover(message, [...known, ...(message.name ? ['name'] : [])]),
    ...lists,
    ...readAnnotations(message, graph),
  };
  return graph;
}

/** FunctionProto → its body as a graph whose inputs and outputs have no types. */
export function readFunction(message: FunctionProto, context: ReadContext): FunctionDefinition {
  const body = new Graph('');
  const scope = new Scope(body, undefined);
  for (const name of message.input ?? []) body.inputs.push(declare(name, scope));
  declareOutputs(message.node ?? [], scope);
  const find = valueFinder(scope);
  for (const name of message.output ?? []) body.outputs.push(find(name, 'output'));
  body.extras = readValueLists({ ...(message.valueInfo && { valueInfo: message.valueInfo }) }, body, find, context);
  readNodes(message.node ?? [], scope, context);
  const known = [
    'input',
    'output',
    'node',
    'valueInfo',
    ...(message.name ? ['name'] : []),
    ...(message.domain ? ['domain'] : []),
  ];
  const extras = { fields: leftover(message, known) };
  refuseExternal(extras.fields);
  keep(extras, context.places.get(message));
  return { domain: message.domain ?? '', name: message.name ?? '', body, extras };
}

function declare(name: string, scope: Scope, node?: string): Value {
  if (name === '') throw diagnostics.invalidModel('value-without-name', 'a graph input or initializer has no name', {});
  if (scope.names.has(name)) throw diagnostics.duplicateDefinition(name, node);
  const value = new Value(name);
  scope.names.set(name, value);
  return value;
}

function readInitializers(message: GraphProto, scope: Scope, context: ReadContext): void {
  const { graph } = scope;
  const inputs = new Map(scope.names);
  const define = (name: string): Value => {
    // An initializer that is also listed as an input is one value: its default, or in IR 3 its only, content.
    const value = inputs.get(name) ?? declare(name, scope);
    if (value.tensor || graph.initializers.has(value)) throw diagnostics.duplicateDefinition(name);
    graph.initializers.add(value);
    return value;
  };
  for (const item of message.initializer ?? []) {
    const value = define(item.name ?? '');
    value.tensor = readInitializer(item, context);
  }
  for (const item of message.sparseInitializer ?? []) {
    const value = define(item.values?.name ?? '');
    value.tensor = readSparseTensor(item, context);
  }
}

function declareOutputs(nodes: readonly NodeProto[], scope: Scope): void {
  for (const node of nodes) {
    for (const name of node.output ?? []) if (name !== '') declare(name, scope, nodeLabel(node));
  }
}

function readNodes(nodes: readonly NodeProto[], scope: Scope, context: ReadContext): void {
  for (const message of nodes) {
    scope.graph.append(readNode(message, scope, context, (graph, outer) => readGraph(graph, outer, context)));
  }
}

/** An output must be defined. value_info may describe what is not there: that is kept, and nothing can read it. */
function valueFinder(scope: Scope): (name: string, list: ValueList) => Value {
  const dangling = new Map<string, Value>();
  return (name, list) => {
    const value = scope.find(name) ?? (list === 'valueInfo' ? (dangling.get(name) ?? new Value(name)) : undefined);
    if (!value) throw diagnostics.missingProducer(name);
    if (list === 'valueInfo' && !scope.find(name)) dangling.set(name, value);
    return value;
  };
}
