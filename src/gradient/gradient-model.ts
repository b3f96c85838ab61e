import {
  captures,
  cloneModel,
  type DType,
  isRealDType,
  type Model,
  type Node,
  topologicalOrder,
  Value,
} from '../ir/index.ts';
import { inferShapes, raiseIrVersion, type ShapeInfo } from '../onnx/index.ts';
import { ownValue } from '../own-value.ts';
import { elementwise } from './elementwise.ts';
import { elementCount, type GradientCall, type GradientRule, Unknown } from './gradient-rule.ts';
import { GraphBuilder } from './graph-builder.ts';
import { linear } from './linear.ts';
import { movement } from './movement.ts';
import { pooling } from './pooling.ts';

const rules: Readonly<Record<string, GradientRule>> = { ...elementwise, ...linear, ...pooling, ...movement };

/** Before it, operators say by attributes how they broadcast. */
const oldestOpset = 7;

/** Where a direction v is fed: the model then gives the gradients of ⟨v, z⟩ for an output z. */
export interface Direction {
  /** The input of the gradient model. */
  readonly input: string;
  readonly dtype: 'float32' | 'float64';
  readonly dims: readonly number[];
  /** The output of the gradient model that is z. */
  readonly output: string;
}

/** A model that gives gradients. */
export interface GradientModel {
  readonly model: Model;
  readonly directions: readonly Direction[];
  /** By node of the original. */
  readonly gradients: ReadonlyMap<Node, Gradient>;
}

/** What is given of the gradient of a node's first output, [groups, T, rows] with T channels of each group. */
export interface Gradient {
  /** The output of the gradient model. */
  readonly output: string;
  /** Whether it is g·gᵀ, [groups, T, T]: where there are more rows than channels. */
  readonly isGram: boolean;
  readonly groups: number;
  readonly channels: number;
  /** Positions and samples. */
  readonly rows: number;
}

/**
 * A model with its reverse mode behind it, as nodes of the standard: fed a direction v for each output z, it gives
 * g = ∂Σ⟨v, z⟩/∂y of the outputs y of some linear operators (Griewank & Walther, Evaluating Derivatives, §3.2). A softmax at an
 * output is left out, z being what goes into it: where it is sure of its class it has no slope.
 *
 * A node is missing where an operator without a rule stands between it and an output, where sizes are not known, or where
 * it has no effect.
 *
 * @param inputShapes all sizes: the gradients are those of inputs of these shapes
 * @param mostChannels nodes with more of them in a group are left out
 * @returns undefined where no node has a gradient, or all that is computed takes more than 2 GiB: for one backward pass it
 * is all needed at once
 */
export function gradientModel(
  original: Model,
  nodes: readonly Node[],
  inputShapes: Readonly<Record<string, readonly number[]>>,
  mostChannels = Number.POSITIVE_INFINITY,
): GradientModel | undefined {
  const clone = cloneModel(original);
  const { model } = clone;
  const wanted = new Map(
    nodes.flatMap((node) => {
      const copy = clone.nodes.get(node);
      const value = copy?.outputs[0];
      return value && copy.graph === model.graph ? [[node, value] as const] : [];
    }),
  );
  const order = topologicalOrder(model.graph).nodes;
  if (!order || wanted.size === 0 || (model.opset() ?? 1) < oldestOpset) return undefined;
  raiseIrVersion(model);
  const shapes = inferShapes(model, { inputShapes });
  if (!fitsInMemory(order, shapes)) return undefined;
  const reverse = new Reverse(model, shapes, behind(order, wanted.values()));
  const directions = reverse.start();
  reverse.run(order);
  const { graph } = model;
  const gradients = new Map<Node, Gradient>();
  const outputs = new Set(directions.map(({ root }) => root));
  for (const [node, value] of wanted) {
    const [gradient, dims] = [reverse.gradientOf(value), shapes.shapeOf(value)];
    if (!gradient || graph.isInput(gradient) || !dims || !isKnown(dims)) continue;
    const given = reverse.give(node, gradient, dims, mostChannels);
    if (!given) continue;
    outputs.add(given.value);
    gradients.set(node, given.gradient);
  }
  if (gradients.size === 0) return undefined;
  graph.outputs.splice(0, graph.outputs.length, ...outputs);
  return { model, directions: directions.map(({ direction }) => direction), gradients };
}

/** Numbers of all values together: twice that, and some masks, are held at a time. */
const mostNumbers = 2 ** 27;

function fitsInMemory(order: readonly Node[], shapes: ShapeInfo): boolean {
  let numbers = 0;
  for (const node of order) {
    for (const value of node.outputs) {
      const dims = value && shapes.shapeOf(value);
      if (dims && isKnown(dims)) numbers += elementCount(dims);
    }
  }
  return numbers <= mostNumbers;
}

/** All values that depend on some, and these. */
function behind(order: readonly Node[], values: Iterable<Value>): ReadonlySet<Value> {
  const found = new Set(values);
  for (const node of order) {
    const reads = [...node.inputs, ...captures(node)].some((value) => value && found.has(value));
    if (reads) for (const value of node.outputs) if (value) found.add(value);
  }
  return found;
}

/** One walk from the outputs to where values come from. */
class Reverse {
  readonly #model: Model;
  readonly #shapes: ShapeInfo;
  /** Values whose gradients matter. */
  readonly #relevant: ReadonlySet<Value>;
  readonly #build: GraphBuilder;
  readonly #gradients = new Map<Value, Value>();
  /** Whose gradients lack a part. */
  readonly #lost = new Set<Value>();

  constructor(model: Model, shapes: ShapeInfo, relevant: ReadonlySet<Value>) {
    this.#model = model;
    this.#shapes = shapes;
    this.#relevant = relevant;
    this.#build = new GraphBuilder(model.graph, model.opset() ?? 1);
  }

  gradientOf(value: Value): Value | undefined {
    return this.#lost.has(value) ? undefined : this.#gradients.get(value);
  }

  /** An input for the direction at each output of real numbers. */
  start(): readonly { readonly root: Value; readonly direction: Direction }[] {
    const { graph } = this.#model;
    const roots = new Set(graph.outputs.map(scoresOf).filter((value) => this.#relevant.has(value)));
    return [...roots].flatMap((root) => {
      const [dtype, dims] = [this.#shapes.dtypeOf(root), this.#shapes.shapeOf(root)];
      if (dtype === 'bool') return [];
      if ((dtype !== 'float32' && dtype !== 'float64') || !dims || !isKnown(dims)) {
        this.#lost.add(root);
        return [];
      }
      const input = new Value(graph.freshName(`${root.name}/direction`), { kind: 'tensor', dtype, shape: dims });
      graph.inputs.push(input);
      this.#gradients.set(root, input);
      return [{ root, direction: { input: input.name, output: root.name, dtype, dims } }];
    });
  }

  run(order: readonly Node[]): void {
    for (const node of [...order].reverse()) {
      const isLost = node.outputs.some((value) => value && this.#lost.has(value));
      if (isLost || node.outputs.some((value) => value && this.#gradients.has(value))) this.#pass(node, isLost);
    }
  }

  /** Back through one node; nothing comes of it where a gradient of its outputs is lost. */
  #pass(node: Node, isLost: boolean): void {
    if (node.is(...discrete)) return;
    const gradients = node.outputs.map((value) => (value ? this.#gradients.get(value) : undefined));
    for (const value of captures(node)) this.#lose(value);
    for (const [index, input] of node.inputs.entries()) {
      if (!input || !this.#relevant.has(input)) continue;
      const dtype = this.#shapes.dtypeOf(input);
      if (dtype === 'bool') continue;
      // Whole numbers may stand for real ones, in steps, and no gradient comes back through them.
      const gradient = isLost || !isReal(dtype) ? undefined : this.#back(node, index, input, dtype, gradients);
      if (gradient) this.#add(input, gradient);
      else this.#lose(input);
    }
  }

  /** The gradient of a linear operator with the channels of its groups first. */
  give(
    node: Node,
    gradient: Value,
    dims: readonly number[],
    mostChannels: number,
  ): { readonly value: Value; readonly gradient: Gradient } | undefined {
    const build = this.#build;
    const isConvolution = node.is('Conv', 'ConvTranspose');
    const axis = isConvolution ? 1 : dims.length - (isWeightFirst(node) ? 2 : 1);
    const groups = isConvolution ? node.int('group', 1) : 1;
    const channels = (dims[axis] ?? 1) / groups;
    if (channels > mostChannels) return undefined;
    const [before, after] = [elementCount(dims.slice(0, axis)), elementCount(dims.slice(axis + 1))];
    const apart = build.transpose(build.reshape(gradient, [before, groups, channels, after]), [1, 2, 0, 3]);
    const rows = build.reshape(apart, [groups, channels, before * after]);
    const isGram = before * after > channels;
    const value = isGram ? build.node('MatMul', [rows, build.transpose(rows, [0, 2, 1])]) : rows;
    return { value, gradient: { output: value.name, isGram, groups, channels, rows: before * after } };
  }

  #back(node: Node, index: number, input: Value, dtype: DType | undefined, gradients: GradientCall['gradients']) {
    const rule = node.domain === '' ? ownValue(rules, node.opType) : undefined;
    const [output, gradient] = [node.outputs[0], gradients[0]];
    if (!rule || !output || !dtype || (!gradient && node.opType !== 'Split')) return undefined;
    const sizes = (value: Value | null | undefined) => {
      const dims = value && this.#shapes.shapeOf(value);
      if (!dims || !isKnown(dims)) throw new Unknown();
      return dims;
    };
    const [build, shapes, opset] = [this.#build, this.#shapes, this.#model.opset() ?? 1];
    try {
      const first = gradient ?? output;
      return rule({ node, index, input, output, gradient: first, gradients, dtype, opset, build, shapes, sizes });
    } catch (cause) {
      if (cause instanceof Unknown) return undefined;
      throw cause;
    }
  }

  #add(value: Value, gradient: Value): void {
    const known = this.#gradients.get(value);
    this.#gradients.set(value, known ? this.#build.add(known, gradient) : gradient);
  }

  #lose(value: Value): void {
    if (this.#relevant.has(value)) this.#lost.add(value);
  }
}

/** What counts, ranks or chooses: small errors of what goes in change nothing. */
const discrete = ['Shape', 'Size', 'ArgMax', 'ArgMin', 'NonZero', 'NonMaxSuppression'];

/** What is not known may be. */
function isReal(dtype: DType | undefined): boolean {
  return dtype === undefined || isRealDType(dtype);
}

/** Of a MatMul whose first operand is the weight, channels are the rows of what it gives. */
function isWeightFirst(node: Node): boolean {
  const [left, right] = node.inputs;
  return node.is('MatMul') && isConstant(left) && !isConstant(right);
}

function isConstant(value: Value | null | undefined): boolean {
  return value?.tensor !== undefined || value?.producer?.is('Constant') === true;
}

function isKnown(dims: readonly unknown[]): dims is readonly number[] {
  return dims.every((dim) => typeof dim === 'number');
}

/** What goes into a softmax at an output, also where its result only changes shape. */
function scoresOf(output: Value): Value {
  let value = output;
  while (value.producer?.is('Identity', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze')) {
    const input = value.producer.inputs[0];
    if (!input) break;
    value = input;
  }
  const isSoftmax = value.producer?.is('Softmax', 'LogSoftmax');
  return (isSoftmax && value.producer?.inputs[0]) || output;
}
