import { type Dim, type Graph, type Model, type Node, topologicalOrder, type Value } from '../../ir/index.ts';
import { type Fact, operatorRule, refineShape, tensorAsFact, unknown } from '../operators/index.ts';
import { type DeclaredTypes, declaredTypes } from './declared-types.ts';
import { type ShapeInfo, shapeInfo } from './shape-info.ts';

export interface InferShapesOptions {
  /** Shapes of graph inputs by name, in place of those in the file. A number given for a symbol holds everywhere. */
  readonly inputShapes?: Readonly<Record<string, readonly Dim[]>>;
}

/**
 * Element types, shapes and small constants of all values, subgraphs included; the model stays as it is.
 *
 * Forward through the graph, one rule per operator (see `operators/`). What the file declares for a value fills in
 * what its rule does not know; where the two contradict each other, the rule is believed. Shape arithmetic (Shape,
 * Gather, Concat … → Reshape, Pad, Slice) is evaluated on numbers and symbols alike. An initializer that is also an
 * input is taken at its default, since exporters list even the targets of Reshape there. A model whose nodes cannot be
 * ordered has only its declared types.
 */
export function inferShapes(model: Model, options: InferShapesOptions = {}): ShapeInfo {
  const inference = new Inference(model, declaredTypes(model.graph, options.inputShapes ?? {}));
  inference.run();
  return shapeInfo(inference.facts);
}

/** Subgraphs and functions can be entered again and again, Loops within Loops: a limit for what a small file can ask. */
const maxGraphRuns = 20_000;

class Inference {
  readonly facts = new Map<Value, Fact>();
  readonly #model: Model;
  readonly #declared: DeclaredTypes;
  readonly #opset: number;
  readonly #functions: ReadonlyMap<string, Graph>;
  readonly #orders = new Map<Graph, readonly Node[]>();
  readonly #open = new Set<Graph>();
  #runs = 0;

  constructor(model: Model, declared: DeclaredTypes) {
    this.#model = model;
    this.#declared = declared;
    this.#opset = model.opset() ?? 1;
    this.#functions = new Map(model.functions.map((item) => [`${item.domain}::${item.name}`, item.body]));
  }

  run(): void {
    this.#inferGraph(this.#model.graph, []);
  }

  /** Facts of the outputs. Inputs without a given fact have what the file declares. */
  #inferGraph(graph: Graph, inputs: readonly Fact[]): readonly Fact[] {
    if (this.#open.has(graph) || ++this.#runs > maxGraphRuns) return [];
    this.#open.add(graph);
    for (const value of graph.initializers) {
      if (value.tensor) this.facts.set(value, tensorAsFact(value.tensor));
    }
    graph.inputs.forEach((value, index) => {
      if (!value.tensor) this.facts.set(value, this.#refine(inputs[index] ?? unknown, value));
    });
    for (const node of this.#order(graph)) this.#inferNode(node);
    this.#open.delete(graph);
    return graph.outputs.map((value) => this.#factOf(value));
  }

  #inferNode(node: Node): void {
    const inputs = node.inputs.map((value) => (value ? this.#factOf(value) : unknown));
    const inferGraph = (graph: Graph, given: readonly Fact[]) => this.#inferGraph(graph, given);
    const body = this.#functions.get(`${node.domain}::${node.opType}`);
    const rule = operatorRule(node.domain, node.opType);
    const outputs = body
      ? inferGraph(body, inputs)
      : (rule?.({ node, opset: this.#opset, inputs, inferGraph }) ?? this.#inferSubgraphs(node));
    node.outputs.forEach((value, index) => {
      if (value) this.facts.set(value, this.#refine(sound(outputs[index] ?? unknown), value));
    });
  }

  /** Of an operator that we do not know nothing follows, but its subgraphs may hold nodes that we do. */
  #inferSubgraphs(node: Node): readonly Fact[] {
    for (const graph of node.subgraphs) this.#inferGraph(graph, []);
    return [];
  }

  #factOf(value: Value): Fact {
    return this.facts.get(value) ?? this.#refine(unknown, value);
  }

  #refine({ dtype, shape, data }: Fact, value: Value): Fact {
    const declared = this.#declared.of(value);
    return { dtype: dtype ?? declared.dtype, shape: refineShape(shape, declared.shape), data };
  }

  #order(graph: Graph): readonly Node[] {
    const known = this.#orders.get(graph);
    if (known) return known;
    const order = topologicalOrder(graph).nodes ?? [];
    this.#orders.set(graph, order);
    return order;
  }
}

/** Sizes that no tensor can have come from attributes that contradict each other; they say nothing. */
function sound(fact: Fact): Fact {
  if (fact.shape?.every((dim) => typeof dim !== 'number' || (Number.isSafeInteger(dim) && dim >= 0)) ?? true)
    return fact;
  const shape = fact.shape?.map((dim) =>
    typeof dim === 'number' && !(Number.isSafeInteger(dim) && dim >= 0) ? undefined : dim,
  );
  return { dtype: fact.dtype, shape };
}
