import type { Attribute } from './attribute.ts';
import { Graph } from './graph.ts';
import { Model, type OpsetImport } from './model.ts';
import { Node } from './node.ts';
import { type AttributeText, type GraphText, type NodeText, parseGraph, type ValueText } from './parse-graph.ts';
import { Tokens } from './parse-tokens.ts';
import { Value } from './value.ts';

/**
 * Reads what `printModel` writes.
 *
 * @throws text-syntax with line and column: text that is not in the form, a name that is defined twice or nowhere,
 *   elements that were left out or do not fill their shape.
 */
export function parseModel(text: string): Model {
  const tokens = new Tokens(text);
  tokens.expect('ir');
  const irVersion = Number(tokens.takeKind('number', 'the IR version'));
  const opsetImports: OpsetImport[] = [];
  while (tokens.skip('opset')) {
    const domain = tokens.takeKind('string', 'a domain in quotes');
    opsetImports.push({ domain, version: Number(tokens.takeKind('number', 'a version')) });
  }
  tokens.expect('graph');
  const model = new Model(irVersion, new Binder(tokens).graph(parseGraph(tokens), undefined));
  model.opsetImports = opsetImports;
  while (tokens.skip('function')) {
    const domain = tokens.takeKind('string', 'a domain in quotes');
    const name = tokens.takeKind('string', "the function's name in quotes");
    tokens.expect('graph');
    model.functions.push({ domain, name, body: new Binder(tokens).graph(parseGraph(tokens), undefined), extras: {} });
  }
  if (tokens.next.kind !== 'end') throw tokens.error('expected a function or the end of the text');
  return model;
}

interface Scope {
  readonly graph: Graph;
  readonly names: Map<string, Value>;
  readonly outer: Scope | undefined;
}

/** Makes graphs of their text. All names of a graph are defined before its nodes are made: they may stand in any order. */
class Binder {
  readonly #tokens: Tokens;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  graph(text: GraphText, outer: Scope | undefined): Graph {
    const graph = new Graph(text.name);
    graph.docString = text.docString;
    graph.parent = outer?.graph;
    const scope: Scope = { graph, names: new Map(), outer };
    for (const value of text.inputs) graph.inputs.push(this.#define(value, scope));
    for (const { value, tensor } of text.initializers) {
      const known = graph.inputs.find(({ name }) => name === value.token.text);
      const initializer = known && !known.tensor ? known : this.#define(value, scope);
      initializer.tensor = tensor;
      graph.initializers.add(initializer);
    }
    for (const { outputs } of text.nodes) for (const value of outputs) if (value) this.#define(value, scope);
    for (const value of text.valueInfo) {
      const known = scope.names.has(value.token.text);
      graph.valueInfo.add(known ? this.#find(value, scope) : this.#define(value, scope));
    }
    for (const node of text.nodes) graph.append(this.#node(node, scope));
    for (const value of text.outputs) graph.outputs.push(this.#find(value, scope));
    return graph;
  }

  #define(text: ValueText, { names }: Scope): Value {
    const name = text.token.text;
    if (names.has(name)) throw this.#tokens.error(`%${name} is defined twice`, text.token);
    const value = new Value(name, text.type);
    value.docString = text.docString;
    names.set(name, value);
    return value;
  }

  /** The nearest definition. What the text says of the value here adds to what it says there. */
  #find(text: ValueText, scope: Scope): Value {
    for (let at: Scope | undefined = scope; at; at = at.outer) {
      const value = at.names.get(text.token.text);
      if (!value) continue;
      value.type ??= text.type;
      value.docString ??= text.docString;
      return value;
    }
    throw this.#tokens.error(`nothing defines %${text.token.text}`, text.token);
  }

  #node(text: NodeText, scope: Scope): Node {
    const { name, opType, domain, docString } = text;
    return new Node({
      name,
      opType,
      domain,
      inputs: text.inputs.map((value) => value && this.#find(value, scope)),
      outputs: text.outputs.map((value) => value && this.#find(value, scope)),
      attributes: text.attributes.map((item) => this.#attribute(item, scope)),
      ...(docString !== undefined && { docString }),
    });
  }

  #attribute(text: AttributeText, scope: Scope): Attribute {
    if ('value' in text) return text;
    const graphs = text.graphs.map((graph) => this.graph(graph, scope));
    const [graph] = graphs;
    if (text.kind === 'graph' && graph) return { name: text.name, value: { kind: 'graph', value: graph } };
    return { name: text.name, value: { kind: 'graphs', value: graphs } };
  }
}
