import type { Attribute, AttributeValue } from './attribute.ts';
import { Graph } from './graph.ts';
import { Model } from './model.ts';
import { Node } from './node.ts';
import { Value } from './value.ts';

/** A copy and where everything went: each node, value and graph of the original, nested ones included. */
export interface ModelClone {
  readonly model: Model;
  readonly values: ReadonlyMap<Value, Value>;
  readonly nodes: ReadonlyMap<Node, Node>;
  readonly graphs: ReadonlyMap<Graph, Graph>;
}

/** Nodes, values and graphs are new; tensors, attributes without graphs and extras are immutable, hence shared. */
export function cloneModel(model: Model): ModelClone {
  const copy = new Copy();
  const clone = new Model(model.irVersion, copy.graph(model.graph, undefined));
  clone.opsetImports = [...model.opsetImports];
  clone.functions = model.functions.map((item) => ({ ...item, body: copy.graph(item.body, undefined) }));
  clone.extras = model.extras;
  return { model: clone, values: copy.values, nodes: copy.nodes, graphs: copy.graphs };
}

class Copy {
  readonly values = new Map<Value, Value>();
  readonly nodes = new Map<Node, Node>();
  readonly graphs = new Map<Graph, Graph>();

  graph(graph: Graph, parent: Graph | undefined): Graph {
    const clone = new Graph(graph.name);
    this.graphs.set(graph, clone);
    clone.docString = graph.docString;
    clone.extras = graph.extras;
    clone.parent = parent;
    for (const value of graph.inputs) clone.inputs.push(this.#value(value));
    for (const value of graph.initializers) clone.initializers.add(this.#value(value));
    for (const node of graph.nodes) clone.append(this.#node(node, clone));
    for (const value of graph.outputs) clone.outputs.push(this.#value(value));
    for (const value of graph.valueInfo) clone.valueInfo.add(this.#value(value));
    return clone;
  }

  /** Made on first sight: nodes may be listed before those that feed them. */
  #value(value: Value): Value {
    const known = this.values.get(value);
    if (known) return known;
    const clone = new Value(value.name, value.type);
    clone.tensor = value.tensor;
    clone.docString = value.docString;
    clone.extras = value.extras;
    this.values.set(value, clone);
    return clone;
  }

  #node(node: Node, graph: Graph): Node {
    const clone = new Node({
      name: node.name,
      opType: node.opType,
      domain: node.domain,
      inputs: node.inputs.map((value) => value && this.#value(value)),
      outputs: node.outputs.map((value) => value && this.#value(value)),
      attributes: [...node.attributes.values()].map((item) => this.#attribute(item, graph)),
      ...(node.docString !== undefined && { docString: node.docString }),
      ...(node.extras && { extras: node.extras }),
    });
    this.nodes.set(node, clone);
    return clone;
  }

  #attribute(attribute: Attribute, parent: Graph): Attribute {
    const value = this.#attributeValue(attribute.value, parent);
    return value === attribute.value ? attribute : { ...attribute, value };
  }

  #attributeValue(value: AttributeValue, parent: Graph): AttributeValue {
    if (value.kind === 'graph') return { kind: 'graph', value: this.graph(value.value, parent) };
    if (value.kind === 'graphs')
      return { kind: 'graphs', value: value.value.map((graph) => this.graph(graph, parent)) };
    return value;
  }
}
