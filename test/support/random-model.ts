import fc from 'fast-check';
import {
  type Attribute,
  type Dim,
  type DType,
  fromFloat64,
  Graph,
  Model,
  memorySource,
  Node,
  Tensor,
  Value,
  type ValueType,
} from '../../src/ir/index.ts';

/** Draws from fast-check, so that what fails shrinks to fewer and simpler nodes. */
class Draw {
  readonly #gen: fc.GeneratorValue;

  constructor(gen: fc.GeneratorValue) {
    this.#gen = gen;
  }

  of<T>(arbitrary: fc.Arbitrary<T>): T {
    return this.#gen(() => arbitrary);
  }

  below(limit: number): number {
    return this.of(fc.nat({ max: limit - 1 }));
  }

  maybe(): boolean {
    return this.of(fc.boolean());
  }

  one<T>(items: readonly T[]): T {
    return this.of(fc.constantFrom(...items));
  }
}

const text = fc.oneof(
  fc.constantFrom('', '_', 'x', '123', 'a/b.c', 'a b', 'x:0', '"quoted"', 'back\\slash', '# no comment', 'ü\n%'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const dtypes: readonly DType[] = ['float32', 'float16', 'bfloat16', 'float64', 'int64', 'bool', 'string', 'int4'];
const opTypes = ['Conv', 'Relu', 'Add', 'If', 'Odd Op', '::'];
const domains = ['', '', '', 'com.microsoft', 'a b'];

/**
 * Any valid model: captures, subgraphs in subgraphs, shared and overridable initializers, names and attributes of
 * every kind, optional inputs left out, nodes in an order that ONNX Runtime would have to sort.
 */
export const randomModel: fc.Arbitrary<Model> = fc.gen().map((gen) => {
  const draw = new Draw(gen);
  const names = new Names();
  const model = new Model(draw.one([3, 8, 10]), randomGraph(draw, names, undefined, []));
  model.opsetImports = [{ domain: '', version: 7 + draw.below(20) }];
  if (draw.maybe()) model.opsetImports.push({ domain: draw.of(text), version: 1 });
  if (draw.maybe()) {
    const body = randomGraph(draw, names, undefined, []);
    model.functions.push({ domain: draw.of(text), name: draw.of(text), body, extras: {} });
  }
  return model;
});

/** Names that no other value of the model has. */
class Names {
  #count = 0;

  fresh(draw: Draw): string {
    return `${draw.of(text)}${this.#count++}`;
  }
}

function randomGraph(draw: Draw, names: Names, parent: Graph | undefined, outer: readonly Value[], depth = 0): Graph {
  const graph = new Graph(draw.of(text));
  graph.parent = parent;
  if (draw.maybe()) graph.docString = draw.of(text);
  for (let count = draw.below(3); count > 0; count--) graph.inputs.push(randomValue(draw, names));
  for (let count = draw.below(3); count > 0; count--) addInitializer(draw, names, graph);
  const own = [...new Set([...graph.inputs, ...graph.initializers])];
  const nodes: Node[] = [];
  for (let count = draw.below(4); count > 0; count--) {
    const node = randomNode(draw, names, graph, [...outer, ...own], depth);
    nodes.push(node);
    own.push(...node.outputs.filter((value) => value !== null));
  }
  for (const node of draw.maybe() ? nodes.toReversed() : nodes) graph.append(node);
  for (const value of own) if (draw.below(4) === 0) graph.valueInfo.add(value);
  if (own.length > 0) graph.outputs.push(...Array.from({ length: draw.below(3) }, () => draw.one(own)));
  return graph;
}

/** A value of its own, or an input that has no tensor yet. */
function addInitializer(draw: Draw, names: Names, graph: Graph): void {
  const listed = graph.inputs.find((value) => !value.tensor);
  const value = listed && draw.maybe() ? listed : randomValue(draw, names);
  value.tensor = randomTensor(draw);
  graph.initializers.add(value);
}

function randomNode(draw: Draw, names: Names, graph: Graph, visible: readonly Value[], depth: number): Node {
  const pick = () => (visible.length > 0 && draw.below(4) > 0 ? draw.one(visible) : null);
  const attributes = Array.from({ length: draw.below(3) }, (_, index) =>
    randomAttribute(draw, names, `${draw.of(text)}${index}`, graph, visible, depth),
  );
  return new Node({
    name: draw.of(text),
    opType: draw.one(opTypes),
    domain: draw.one(domains),
    inputs: Array.from({ length: draw.below(4) }, pick),
    outputs: Array.from({ length: draw.below(3) }, () => (draw.below(5) > 0 ? randomValue(draw, names) : null)),
    attributes,
    ...(draw.maybe() && { docString: draw.of(text) }),
  });
}

function randomValue(draw: Draw, names: Names): Value {
  const value = new Value(names.fresh(draw), draw.maybe() ? randomType(draw) : undefined);
  if (draw.below(4) === 0) value.docString = draw.of(text);
  return value;
}

function randomType(draw: Draw): ValueType {
  if (draw.below(6) === 0) return { kind: 'other', extras: {} };
  const dtype = draw.one(dtypes);
  if (draw.below(4) === 0) return { kind: 'tensor', dtype };
  const dim = (): Dim => draw.of(fc.oneof(fc.nat(), fc.constant(undefined), text));
  return { kind: 'tensor', dtype, shape: Array.from({ length: draw.below(4) }, dim) };
}

function randomTensor(draw: Draw): Tensor {
  const dims = Array.from({ length: draw.below(3) }, () => draw.below(4));
  const size = dims.reduce((product, dim) => product * dim, 1);
  const dtype = draw.one(dtypes);
  if (dtype === 'string') return new Tensor(dtype, dims, memorySource(new Uint8Array(size).fill(1)));
  if (draw.maybe() && dtype.includes('float')) {
    return fromFloat64(
      Array.from({ length: size }, () => draw.of(fc.double())),
      dims,
      dtype,
    );
  }
  const bytes = draw.of(fc.uint8Array({ minLength: 8, maxLength: 8 }));
  const length = new Tensor(dtype, dims, memorySource(bytes)).expectedByteLength ?? 0;
  return new Tensor(dtype, dims, memorySource(Uint8Array.from({ length }, (_, index) => bytes[index % 8] ?? 0)));
}

function randomAttribute(
  draw: Draw,
  names: Names,
  name: string,
  graph: Graph,
  visible: readonly Value[],
  depth: number,
): Attribute {
  const list = <T>(item: () => T) => Array.from({ length: draw.below(3) }, item);
  const int = () => draw.of(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
  const float = () => Math.fround(draw.of(fc.double()));
  const string = () =>
    draw.of(
      fc.oneof(
        text.map((item) => new TextEncoder().encode(item)),
        fc.uint8Array({ maxLength: 4 }),
      ),
    );
  const subgraph = () => randomGraph(draw, names, graph, visible, depth + 1);
  const makers: readonly (() => Attribute['value'])[] = [
    () => ({ kind: 'int', value: int() }),
    () => ({ kind: 'float', value: float() }),
    () => ({ kind: 'string', value: string() }),
    () => ({ kind: 'tensor', value: randomTensor(draw) }),
    () => ({ kind: 'type', value: randomType(draw) }),
    () => ({ kind: 'ints', value: list(int) }),
    () => ({ kind: 'floats', value: list(float) }),
    () => ({ kind: 'strings', value: list(string) }),
    () => ({ kind: 'tensors', value: list(() => randomTensor(draw)) }),
    () => ({ kind: 'types', value: list(() => randomType(draw)) }),
    () => ({ kind: 'opaque', value: undefined }),
    () => (depth < 2 ? { kind: 'graph', value: subgraph() } : { kind: 'int', value: 0n }),
    () => (depth < 2 ? { kind: 'graphs', value: list(subgraph) } : { kind: 'int', value: 1n }),
  ];
  return { name, value: draw.one(makers)() };
}
