import type { Blas } from './blas.ts';
import { type BlockCore, expandInputs } from './block-core.ts';
import { type BlockPoint, blockObjective } from './block-objective.ts';
import { blockedInverse } from './blocked-cholesky.ts';
import { type PartLayout, partProduct } from './core-parts.ts';
import { rankOneFactors } from './cp-start.ts';
import { inputFactor } from './fit-inputs.ts';
import { unitRows } from './gauge.ts';
import { symmetrize } from './mean-blocks.ts';
import { type MetricFitOptions, type MetricGroup, NARROW_ERROR, scaledProblem } from './metric-fit.ts';
import type { MetricProblem } from './metric-problem.ts';
import { componentStart, componentTerms, outputStart, type SliceTerm } from './metric-starts.ts';
import { outputStep } from './output-step.ts';
import { permuteAxes } from './permute-axes.ts';
import { quasiNewton } from './quasi-newton.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface BlockTermOptions extends MetricFitOptions {
  /** Fills what the start leaves open. */
  readonly random: SeededRandom;
  /** Steps at most; 80 by default. */
  readonly steps?: number;
}

/** A step that lowers the squared error by less than this part of it is the last. */
const SETTLED = 1e-5;

export interface FittedBlocks {
  /** [T, Q, a]. */
  readonly A: Float64Array;
  /** [Q, b, S]. */
  readonly B: Float64Array;
  readonly parts: readonly Float64Array[];
}

/**
 * Fits one group by a block model: a start from the largest rank-one terms (componentStart), then quasi-Newton steps on B and
 * the core's parts (blockObjective), in float64 again where float32 would be seen.
 */
export async function fitBlocks(
  group: MetricGroup,
  layout: PartLayout,
  options: BlockTermOptions,
): Promise<FittedBlocks> {
  const { blas, steps = 80 } = options;
  const descent = await blockDescent(group, options);
  const { problem, inputsInverse, scale } = descent;
  let point = await descent.run(layout, steps);
  if (problem.precision === 'float32' && point.value < NARROW_ERROR) {
    const wide = scaledProblem(group, [], blas, 'float64').problem;
    point = await descend(wide, layout, inputsInverse, point.x, steps, options);
  }
  const rank = layout.blocks * layout.b;
  const basis = point.x.subarray(0, rank * problem.inputs);
  let at = basis.length;
  const found = partLengths(layout).map((length) => {
    at += length;
    return point.x.subarray(at - length, at);
  });
  const core = partProduct(layout, found);
  const output = await polishedOutput(group, problem, basis, { core, output: point.output }, scale, blas);
  return spread({ A: output, B: basis, parts: found }, layout);
}

/** One group, ready to be fitted by block models of any size. */
export interface BlockDescent {
  readonly problem: MetricProblem;
  /** Of the inputs' mean metric, float64[S, S]: a preconditioner in either precision. */
  readonly inputsInverse: Float64Array;
  readonly scale: number;
  /** From the start of a layout, in the problem's precision. */
  run(layout: PartLayout, steps: number): Promise<BlockPoint>;
}

/** What starts of all sizes share is computed once. */
export async function blockDescent(group: MetricGroup, options: BlockTermOptions): Promise<BlockDescent> {
  const { blas, random } = options;
  const { problem, kernel, image, scale } = scaledProblem(group, [], blas);
  const { positions, outputs } = problem;
  const factor = await inputFactor(problem, blas);
  const inputsInverse = await blockedInverse(factor, blas);
  const known = new Map<number, Promise<readonly SliceTerm[]>>();
  const termsOf = async (count: number) => {
    const { slices } = await outputStart(kernel, image, outputs, count, blas);
    return componentTerms(problem, factor, slices, count, blas);
  };
  return {
    problem,
    inputsInverse,
    scale,
    async run(layout, steps) {
      const rank = layout.blocks * layout.b;
      const count = Math.min(rank, outputs);
      const terms = known.get(count) ?? termsOf(count);
      known.set(count, terms);
      const start = await componentStart(problem, factor, await terms, rank, random, blas);
      const parts = await startParts(layout, unitRows(start.spatial, rank), positions, blas);
      const from = concatenate([unitRows(start.basis, rank), ...parts]);
      return descend(problem, layout, inputsInverse, from, steps, options);
    },
  };
}

async function descend(
  problem: MetricProblem,
  layout: PartLayout,
  inputsInverse: Float64Array,
  from: Float64Array,
  steps: number,
  { blas, signal, onSweep }: BlockTermOptions,
): Promise<BlockPoint> {
  return quasiNewton(await blockObjective(problem, layout, inputsInverse, blas), from, {
    steps,
    tolerance: SETTLED,
    ...(signal && { signal }),
    onStep: (step, value) => onSweep?.(step, Math.sqrt(value)),
  });
}

function partLengths({ rows, sizes }: PartLayout): readonly number[] {
  return sizes.map((size) => rows * size);
}

/** Diagonal blocks of the components' positions; along separate axes their rank-one parts. */
async function startParts(
  layout: PartLayout,
  spatial: Float64Array,
  positions: number,
  blas: Blas,
): Promise<Float64Array[]> {
  const { blocks, a, b, rows, sizes } = layout;
  if (sizes.length > 1) {
    const parts = sizes.map((size) => new Float64Array(rows * size));
    for (let row = 0; row < rows; row++) {
      const own = await rankOneFactors(spatial.subarray(row * positions, (row + 1) * positions), sizes, blas);
      for (const [i, values] of own.entries()) parts[i]!.set(values, row * sizes[i]!);
    }
    return parts;
  }
  const core = new Float64Array(rows * positions);
  for (let q = 0; q < blocks; q++) {
    for (let j = 0; j < b; j++) {
      const row = (q * a + (j % a)) * b + j;
      core.set(spatial.subarray((q * b + j) * positions, (q * b + j + 1) * positions), row * positions);
    }
  }
  return [core];
}

/** A once more, in float64 and in the metric itself: what float32 cost it is gained back. */
async function polishedOutput(
  { gram, image, dims }: MetricGroup,
  { precision, inputs, positions }: MetricProblem,
  basis: Float64Array,
  { core, output }: { readonly core: BlockCore; readonly output: Float64Array },
  scale: number,
  blas: Blas,
): Promise<Float64Array> {
  const unscaled = output.map((value) => value / scale);
  if (precision === 'float64') return unscaled;
  const outs = core.blocks * core.a;
  const columns = inputs * positions;
  const rows = await expandInputs(core, basis, inputs, 'float64', blas);
  const product = gram ? await blas.gemm64({ m: outs, n: columns, k: columns, a: rows, b: gram }) : rows;
  const normal = await blas.gemm64({ m: outs, n: outs, k: columns, a: product, b: rows, transB: true });
  const right = await blas.gemm64({ m: dims[0]!, n: outs, k: columns, a: image, b: rows, transB: true });
  return (await outputStep(unscaled, right, symmetrize(normal, outs), outs, 0, 1e-10, blas)).output;
}

/** CP's components get the same length in every factor, so that none loses digits when it is rounded. */
function spread(fit: FittedBlocks, { blocks, a, b, rows }: PartLayout): FittedBlocks {
  if (a * b > 1) return fit;
  const byRow = [fit.B, ...fit.parts];
  const lengths = byRow.map((data) => rowLengths(data, rows));
  const columns = permuteAxes({ data: fit.A, dims: [fit.A.length / blocks, blocks] }, [1, 0]).data;
  const own = rowLengths(columns, rows);
  const target = own.map(
    (length, r) => lengths.reduce((product, values) => product * values[r]!, length) ** (1 / (byRow.length + 1)),
  );
  const scaled = (data: Float64Array, of: Float64Array) => {
    const size = data.length / rows;
    return data.map((value, i) => {
      const r = Math.floor(i / size);
      return target[r]! > 0 ? (value * target[r]!) / of[r]! : 0;
    });
  };
  const [B, ...parts] = byRow.map((data, i) => scaled(data, lengths[i]!));
  const A = permuteAxes({ data: scaled(columns, own), dims: [blocks, fit.A.length / blocks] }, [1, 0]).data;
  return { A, B: B!, parts };
}

function rowLengths(data: Float64Array, rows: number): Float64Array {
  const size = data.length / rows;
  return Float64Array.from({ length: rows }, (_, r) =>
    Math.sqrt(data.subarray(r * size, (r + 1) * size).reduce((sum, value) => sum + value * value, 0)),
  );
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
