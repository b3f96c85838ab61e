import { captures, dtypeBits, type Graph, type Model, type Node, topologicalOrder, type Value } from '../ir/index.ts';
import { ownValue } from '../own-value.ts';
import { type InferShapesOptions, inferShapes, type ShapeInfo } from './shape-inference/index.ts';

/**
 * Peak bytes of a model's live activations for one sample: an open batch is 1, of a fixed one the peak is shared out. The
 * first axis of the first input is the batch.
 *
 * @returns undefined where a size is not known
 */
export function activationMemory(model: Model, { inputShapes = {} }: InferShapesOptions = {}): number | undefined {
  const inputs = model.graph.inputs.filter(({ isInitializer }) => !isInitializer);
  const shapes = inputs.flatMap((value) => {
    const shape = ownValue(inputShapes, value.name) ?? value.shape;
    return shape ? [{ name: value.name, shape }] : [];
  });
  const ofOne = shapes.map(({ name, shape: [first, ...rest] }) =>
    rest.length > 0 && typeof first !== 'number' ? ([name, [1, ...rest]] as const) : undefined,
  );
  const opened = { ...inputShapes, ...Object.fromEntries(ofOne.filter((entry) => entry !== undefined)) };
  const peak = peakActivationBytes(model.graph, inferShapes(model, { inputShapes: opened }));
  const [batch, ...rest] = shapes[0]?.shape ?? [];
  const samples = rest.length > 0 && typeof batch === 'number' && batch > 0 ? batch : 1;
  return peak === undefined ? undefined : Math.ceil(peak / samples);
}

/**
 * The most bytes that a graph's activations hold at once, node by node in topological order. Each lives from its producer to
 * its last reader; inputs from the start, outputs to the end. Constants, and what follows from them alone, do not count. A
 * node with a body holds the body's peak besides. What runtimes do beyond that, such as working in place, is theirs.
 *
 * @returns undefined where a size is not known
 */
function peakActivationBytes(graph: Graph, shapes: ShapeInfo): number | undefined {
  const peak = peakOf(graph, shapes, new Set());
  return Number.isNaN(peak) ? undefined : peak;
}

/** NaN where a size is not known. @param constants those of the graphs around it; gets those of this one */
function peakOf(graph: Graph, shapes: ShapeInfo, constants: Set<Value>): number {
  const { nodes } = topologicalOrder(graph);
  if (!nodes) return Number.NaN;
  const isConstant = (value: Value) =>
    value.isInitializer || constants.has(value) || shapes.constantOf(value) !== undefined;
  for (const node of nodes)
    if (followsFromConstants(node, isConstant)) for (const value of node.outputs) if (value) constants.add(value);
  const sizes = (values: Iterable<Value | null>) => {
    let sum = 0;
    for (const value of values) if (value && !isConstant(value)) sum += bytesOf(value, shapes);
    return sum;
  };
  const gone = lastUses(graph, nodes);
  let live = sizes(graph.inputs);
  let peak = live;
  for (const [at, node] of nodes.entries()) {
    live += sizes(node.outputs);
    const bodies = node.subgraphs.map((body) => peakOf(body, shapes, constants));
    peak = Math.max(peak, live + Math.max(0, ...bodies));
    live -= sizes(gone[at] ?? []);
  }
  return peak;
}

/** By node, the activations that nobody reads after it. */
function lastUses(graph: Graph, nodes: readonly Node[]): readonly (readonly Value[])[] {
  const last = new Map<Value, number>(graph.inputs.map((value) => [value, 0]));
  for (const [at, node] of nodes.entries()) {
    for (const value of [...node.inputs, ...captures(node)]) if (value && last.has(value)) last.set(value, at);
    for (const value of node.outputs) if (value) last.set(value, at);
  }
  for (const value of graph.outputs) last.delete(value);
  const gone: Value[][] = nodes.map(() => []);
  for (const [value, at] of last) gone[at]?.push(value);
  return gone;
}

function followsFromConstants(node: Node, isConstant: (value: Value) => boolean): boolean {
  if (node.is('Constant')) return true;
  const inputs = node.inputs.filter((value) => value !== null);
  return inputs.length > 0 && node.subgraphs.length === 0 && inputs.every(isConstant);
}

function bytesOf(value: Value, { shapeOf, dtypeOf }: ShapeInfo): number {
  const dtype = dtypeOf(value);
  const bits = dtype ? dtypeBits(dtype) : 0;
  const elements = shapeOf(value)?.reduce<number>(
    (product, size) => product * (typeof size === 'number' ? size : Number.NaN),
    1,
  );
  return bits > 0 && elements !== undefined ? Math.ceil((elements * bits) / 8) : Number.NaN;
}
