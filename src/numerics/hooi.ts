import { multiply, type Precision } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import { appliedGram, applyGram, improveBasis } from './improve-basis.ts';
import { innerProduct } from './inner-product.ts';
import type { KernelStack } from './kernel-stack.ts';
import { projectionError } from './nd-array.ts';
import { orthonormalizeColumns } from './orthonormalize-columns.ts';
import { type BasisMove, basisPoint, quasiNewtonStep } from './quasi-newton-step.ts';
import { leadingVectors } from './row-basis.ts';
import { Scratch } from './scratch.ts';
import { inputGram, outputGram, type TuckerBases } from './tucker-projections.ts';

export interface HooiOptions {
  readonly blas: Blas;
  /** Sweeps at most; 60 by default. */
  readonly maxSweeps?: number;
  /**
   * Part of ‖Ŵ−W‖ that is not worth a sweep, 2e-7 by default. The iteration ends when two steps in turn promise less and
   * the last sweep gained less than twice as much, or when two sweeps in turn gain less.
   */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
  /** Called with ‖Ŵ−W‖/‖W‖ of one group after each sweep; it never rises. */
  onSweep?(sweep: number, relativeError: number): void;
}

/** One sweep's result. */
interface Sweep {
  /** V where the sweep began. */
  readonly start: Float64Array;
  readonly output: Float64Array;
  /** G·start, with G the Gram matrix of the inputs of the kernel projected on `output`. */
  readonly image: RealArray;
  /** V as the sweep improved it. */
  readonly input: Float64Array;
  /** tr(VᵀGV) of the improved V less that of `start`. */
  readonly rise: number;
  readonly error: number;
}

/**
 * Higher-order orthogonal iteration on the channel modes of one group of a kernel (De Lathauwer, De Moor & Vandewalle
 * 2000; Kolda & Bader 2009, figure 4.4). V starts as in the HOSVD; each sweep then takes U for the kernel projected on V
 * and V for the kernel projected on U.
 *
 * Three things make it faster than the textbook. Only the first U and V are computed as eigenvectors: later ones are
 * improved from the last by improveBasis, at a fraction of the cost. What a sweep makes of V is not where the next one
 * begins but a direction for quasiNewtonStep; where that did not lower the error, the next sweep begins at the best V
 * itself. And the sweeps of a float32 kernel run in float32, see sweepPrecision; the core and the reported error are
 * float64 in any case.
 */
export async function hooi(stack: KernelStack, R4: number, R3: number, options: HooiOptions): Promise<TuckerBases> {
  const { outputs, inputs } = stack;
  const { blas } = options;
  if (R4 === outputs && R3 === inputs) return { output: undefined, input: undefined };
  if (R3 === inputs) {
    return {
      output: await leadingVectors(await outputGram(stack, undefined, blas), outputs, R4, blas),
      input: undefined,
    };
  }
  const start = await leadingVectors(await inputGram(stack, undefined, blas), inputs, R3, blas);
  if (R4 === outputs) return { output: undefined, input: start };
  const { output, input } = await bestSweep(stack, R4, start, options);
  return {
    output: (await orthonormalizeColumns(output, outputs, R4, blas)) ?? output,
    input: (await orthonormalizeColumns(input, inputs, R3, blas)) ?? input,
  };
}

async function bestSweep(stack: KernelStack, R4: number, start: Float64Array, options: HooiOptions): Promise<Sweep> {
  const { blas, maxSweeps = 60, tolerance = 2e-7 } = options;
  const n = stack.inputs;
  const energy = stack.blocks.reduce((sum, { data }) => sum + sumOfSquares(data), 0);
  const fit: SweepFit = { stack, energy, R4, blas, scratch: new Scratch() };
  let best = await sweepFrom(fit, undefined, start);
  let last: BasisMove | undefined;
  let [gain, ahead, idle] = [Infinity, Infinity, 0];
  options.onSweep?.(1, best.error);
  for (let count = 2; count <= maxSweeps && best.error > 0 && idle < 2; count++) {
    options.signal?.throwIfAborted();
    let from = best.input;
    if (gain > 0) {
      const point = await basisPoint(best.start, best.image, best.input, n, blas);
      const { step, promised } = await quasiNewtonStep(point, last, n, blas);
      const before = ahead;
      ahead = promised === undefined ? Infinity : (promised - best.rise) / (2 * best.error * energy);
      if (Math.max(before, ahead, gain / 2) < tolerance * best.error) break;
      const moved = step.map((x, i) => x + point.basis[i]!);
      from = (await orthonormalizeColumns(moved, n, moved.length / n, blas, 1)) ?? from;
      last = { from: point, step };
    } else [last, ahead] = [undefined, Infinity];
    const next = await sweepFrom(fit, best, from);
    gain = best.error - next.error;
    idle = gain < tolerance * best.error ? idle + 1 : 0;
    if (gain > 0) best = next;
    options.onSweep?.(count, best.error);
  }
  return best;
}

/** What stays the same from sweep to sweep. */
interface SweepFit {
  readonly stack: KernelStack;
  readonly energy: number;
  readonly R4: number;
  readonly blas: Blas;
  readonly scratch: Scratch;
}

/** U for the kernel projected on `start`, then V for the kernel projected on U. */
async function sweepFrom(fit: SweepFit, last: Sweep | undefined, start: Float64Array): Promise<Sweep> {
  const { stack, energy, R4, blas, scratch } = fit;
  const { outputs, inputs } = stack;
  const precision = sweepPrecision(stack, energy, last?.error ?? 1);
  const seen = await outputGram(stack, start, blas, precision, scratch);
  const output = last
    ? await improveBasis(appliedGram(seen, outputs, precision, scratch), last.output, blas)
    : await leadingVectors(seen, outputs, R4, blas);
  const gram = appliedGram(await inputGram(stack, output, blas, precision, scratch), inputs, precision, scratch);
  const image = await applyGram(gram, start, blas);
  const turned = last ? await turnedTo(last.input, start, image, fit, precision) : { basis: start, image };
  const input = await improveBasis(gram, turned.basis, blas, turned.image);
  const captured = innerProduct(await applyGram(gram, input, blas, 'image'), input);
  const rise = captured - innerProduct(image, start);
  return { start, output, image, input, rise, error: projectionError(energy, captured) };
}

/**
 * `start` and its image by a Gram matrix in columns that fit those of the V before it, which are close to eigenvectors:
 * start·(startᵀ·before). quasiNewtonStep leaves the columns of V as they lay in the first sweep, and from there filters
 * would mix strong directions into weak columns until these are lost.
 */
async function turnedTo(
  before: Float64Array,
  start: Float64Array,
  image: RealArray,
  { stack: { inputs: n }, blas }: SweepFit,
  precision: Precision,
) {
  const rank = start.length / n;
  const turn = await multiply({ m: rank, n: rank, k: n, a: start, b: before, transA: true }, blas, precision);
  const times = (a: RealArray) => multiply({ m: n, n: rank, k: rank, a, b: turn }, blas, precision);
  return { basis: Float64Array.from(await times(start)), image: await times(image) };
}

/**
 * In what to project, to sum Gram matrices and to apply them. float32 turns a subspace by about δ = 1e-6; where the error
 * is at its least that raises it by δ²/(2·error) only, so less than 1e-10 for the errors allowed here. A float64 kernel
 * keeps its precision, one whose squares might leave the range of float32 its range.
 */
function sweepPrecision({ blocks }: KernelStack, energy: number, error: number): Precision {
  const narrow = blocks.every(({ data }) => data instanceof Float32Array);
  return narrow && error > 1e-2 && energy > 1e-20 && energy < 1e30 ? 'float32' : 'float64';
}
