import { fromFloat64, Graph, Model, machineEpsilon, Node, Tensor, toFloat64, Value } from '../ir/index.ts';
import { type Blas, contractRange, type Factors, seededRandom } from '../numerics/index.ts';
import { constantTensor, type Decomposition, type LinearOperator, networkAt, type Ranks } from '../pass/index.ts';
import { applyKernel, probeWindow, type Window } from './direct-operator.ts';
import { editGraph } from './edit-graph.ts';
import { emitChain } from './emit-chain.ts';
import type { LoweredStep } from './lowering.ts';

/** Runs a small model; ONNX Runtime in the product. */
export interface Executor {
  run(model: Model, input: { readonly dims: readonly number[]; readonly data: Float32Array }): Promise<Float32Array>;
}

export interface ExecutionCheck {
  readonly ok: boolean;
  /** max|y − ŷ| / max|ŷ| over the outputs looked at. */
  readonly relativeError: number;
  /** Largest share of its own bound that an element uses; ≤ 1 when ok. */
  readonly boundUsed: number;
}

/** Output channels per group whose every position is compared; border channels are always among them. */
const comparedChannels = 32;

/**
 * Check (b) of a rewrite: the subgraph, as it will be written, run on random input, equals the contracted kernel applied
 * by its definition in float64.
 *
 * The chain computes in float32 with unit roundoff u. A sum of n products is off by at most γₙ·Σ|products|,
 * γₙ = n·u/(1 − n·u) (Higham, Accuracy and Stability, 3.1); through the chain the n add up, and the products' absolute
 * values are bounded by contract(|F|) applied to |x|. Nodes of other types run as their float32 twin: float16 and
 * bfloat16 are exact in it, float64 weights are rounded, which is one more u each.
 */
export async function checkExecution(
  operator: LinearOperator,
  decomposition: Decomposition,
  ranks: Ranks,
  steps: readonly LoweredStep[],
  stored: Factors,
  weights: readonly Tensor[],
  model: Model,
  environment: { readonly blas: Blas; readonly executor: Executor; readonly seed: number },
): Promise<ExecutionCheck> {
  const window = probeWindow(operator);
  const twin = isolate(operator, model, window);
  const float32 = weights.map((weight) => fromFloat64(toFloat64(weight), weight.dims, 'float32'));
  editGraph(twin.model, twin.operator.node, (edit) =>
    emitChain(twin.operator, steps, float32, model.opset() ?? 0, edit),
  );
  const random = seededRandom(environment.seed, 'execution-check');
  const positions = window.inputSizes.reduce((product, size) => product * size, 1);
  const x = Float64Array.from({ length: operator.groups * operator.inputs * positions }, () =>
    Math.fround(random.normal()),
  );
  const actual = await environment.executor.run(twin.model, feed(operator, x, window));
  return compare(operator, decomposition, ranks, steps, stored, twin.bias, x, actual, window, environment.blas);
}

async function compare(
  operator: LinearOperator,
  decomposition: Decomposition,
  ranks: Ranks,
  steps: readonly LoweredStep[],
  stored: Factors,
  bias: Float64Array | undefined,
  x: Float64Array,
  actual: Float32Array,
  window: Window,
  blas: Blas,
): Promise<ExecutionCheck> {
  const network = networkAt(operator, decomposition, ranks);
  const absolute = absoluteFactors(stored);
  const magnitude = x.map(Math.abs);
  const alpha = operator.node.float('alpha', 1);
  const beta = operator.node.float('beta', 1);
  const u = machineEpsilon('float32') / 2;
  const n = steps.reduce((sum, step) => sum + accumulated(step) + 2, 4);
  const gamma = (n * u) / (1 - n * u);
  let [worst, boundUsed, largest] = [0, 0, Number.MIN_VALUE];
  for (const [from, to] of comparedRanges(operator.outputs)) {
    const range = { index: 't', start: from, end: to };
    const channels = to - from;
    const exact = applyKernel(operator, (await contractRange(network, stored, range, blas)).data, channels, x, window);
    const spread = applyKernel(
      operator,
      (await contractRange(network, absolute, range, blas)).data,
      channels,
      magnitude,
      window,
    );
    const outputs = window.outputSizes.reduce((product, size) => product * size, 1);
    for (let i = 0; i < exact.length; i++) {
      const g = Math.floor(i / (channels * outputs));
      const t = from + (Math.floor(i / outputs) % channels);
      const channel = g * operator.outputs + t;
      const offset = beta * (bias ? (bias[bias.length === 1 ? 0 : channel] as number) : 0);
      const expected = alpha * (exact[i] as number) + offset;
      const error = Math.abs((actual[outputIndex(operator, channel, i % outputs, outputs)] ?? Number.NaN) - expected);
      const bound = gamma * (Math.abs(alpha) * (spread[i] as number) + Math.abs(offset)) + Number.MIN_VALUE;
      worst = worse(worst, error);
      boundUsed = worse(boundUsed, error / bound);
      largest = Math.max(largest, Math.abs(expected));
    }
  }
  return { ok: boundUsed <= 1, relativeError: worst / largest, boundUsed };
}

/** Absolute values, whose contraction bounds the sums of rounding errors. */
function absoluteFactors(factors: Factors): Factors {
  return Object.fromEntries(
    Object.entries(factors).map(([name, { data, dims }]) => [name, { data: data.map(Math.abs), dims }]),
  );
}

/** NaN is worse than anything. */
function worse(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b);
}

function accumulated(step: LoweredStep): number {
  const taps = step.kernelShape.reduce((product, size) => product * size, 1);
  return (step.inputs / step.groups) * taps;
}

/** All channels, or the first and the last of them. */
function comparedRanges(outputs: number): readonly (readonly [number, number])[] {
  if (outputs <= comparedChannels) return [[0, outputs]];
  const half = comparedChannels / 2;
  return [
    [0, half],
    [outputs - half, outputs],
  ];
}

/** Matrices have rows first (columns first on the left side of MatMul), convolutions channels first. */
function outputIndex(operator: LinearOperator, channel: number, position: number, positions: number): number {
  const rowsFirst = operator.kernelShape.length === 0 && !constantOnTheLeft(operator);
  return rowsFirst ? position * operator.outputs + channel : channel * positions + position;
}

function feed(
  operator: LinearOperator,
  x: Float64Array,
  window: Window,
): { dims: readonly number[]; data: Float32Array } {
  if (operator.kernelShape.length > 0)
    return { dims: [1, operator.groups * operator.inputs, ...window.inputSizes], data: Float32Array.from(x) };
  const rows = window.inputSizes[0] as number;
  if (channelsFirst(operator)) return { dims: [operator.inputs, rows], data: Float32Array.from(x) };
  const data = Float32Array.from(
    x,
    (_, i) => x[(i % operator.inputs) * rows + Math.floor(i / operator.inputs)] as number,
  );
  return { dims: [rows, operator.inputs], data };
}

function channelsFirst(operator: LinearOperator): boolean {
  return constantOnTheLeft(operator) || operator.node.int('transA', 0) !== 0;
}

function constantOnTheLeft(operator: LinearOperator): boolean {
  return operator.opType === 'MatMul' && operator.weightLayout === 'rows';
}

/** The operator alone in a float32 model x → y; the weight is only a name, since the chain replaces it. */
function isolate(operator: LinearOperator, model: Model, window: Window) {
  const graph = new Graph('operator');
  const tensorType = { kind: 'tensor', dtype: 'float32' } as const;
  const input = new Value('x', { ...tensorType, shape: feed(operator, new Float64Array(), window).dims });
  const output = new Value('y', tensorType);
  graph.inputs.push(input);
  graph.outputs.push(output);
  const biasTensor = operator.bias ? constantTensor(operator.bias) : undefined;
  const channels = operator.groups * operator.outputs;
  const kept =
    biasTensor &&
    (biasTensor.size === channels || biasTensor.size === 1) &&
    (biasTensor.dims.at(-1) ?? 1) === biasTensor.size;
  const biasData = kept ? toFloat64(fromFloat64(toFloat64(biasTensor), biasTensor.dims, 'float32')) : undefined;
  const bias =
    biasData && biasTensor ? graph.addInitializer('bias', fromFloat64(biasData, biasTensor.dims, 'float32')) : null;
  const weight = graph.addInitializer(
    'weight',
    new Tensor('float32', [0], { read: () => new Uint8Array(), byteLength: 0, storage: 'memory' }),
  );
  const node = new Node({
    name: 'operator',
    opType: operator.opType,
    inputs: [input, weight, ...(bias ? [bias] : [])],
    outputs: [output],
    attributes: [...operator.node.attributes.values()],
  });
  graph.append(node);
  const alone = new Model(Math.max(model.irVersion, 4), graph);
  alone.opsetImports = model.opsetImports.filter(({ domain }) => domain === '');
  return {
    model: alone,
    operator: { ...operator, node, input, output, weight, bias, dtype: 'float32' as const },
    bias: biasData,
  };
}
