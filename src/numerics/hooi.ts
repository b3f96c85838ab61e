import type { Precision } from './add-gram.ts';
import type { Blas } from './blas.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import { capturedEnergy, improveBasis, orthonormalize } from './improve-basis.ts';
import type { KernelStack } from './kernel-stack.ts';
import { type BasisStep, mixBases } from './mix-bases.ts';
import { projectionError } from './nd-array.ts';
import { leadingVectors } from './row-basis.ts';
import { inputGram, outputGram, type TuckerBases } from './tucker-projections.ts';

export interface HooiOptions {
  readonly blas: Blas;
  /** Sweeps at most; 60 by default. */
  readonly maxSweeps?: number;
  /** The iteration ends when two sweeps in turn each lower ‖Ŵ−W‖ by less than this part of it; 2e-7 by default. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
  /** Called with ‖Ŵ−W‖/‖W‖ of one group after each sweep; it never rises. */
  onSweep?(sweep: number, relativeError: number): void;
}

/** One sweep's result. */
interface Sweep {
  readonly output: Float64Array;
  readonly input: Float64Array;
  readonly error: number;
}

/** Sweeps before the last that mixBases learns from. */
const MEMORY = 2;

/**
 * Higher-order orthogonal iteration on the channel modes of one group of a kernel (De Lathauwer, De Moor & Vandewalle
 * 2000; Kolda & Bader 2009, figure 4.4). V starts as in the HOSVD; each sweep then takes U for the kernel projected on V
 * and V for the kernel projected on U.
 *
 * Three things make it faster than the textbook. Only the first U and V are computed as eigenvectors: later ones are
 * improved from the last by improveBasis, at a fraction of the cost. Each sweep starts from a mixture of the last few, see
 * mixBases; where that did not lower the error, the next sweep starts from the best V itself. And the sweeps of a float32
 * kernel run in float32, see sweepPrecision; the core and the reported error are float64 in any case.
 *
 * Measured on six 256 × 256 × 3 × 3 kernels of a ResNet-50: plain sweeps with exact eigenvectors come within 1e-6 of the
 * error where they end after 189 sweeps, these have ended after 122. Mixing three sweeps before the last took 40 instead
 * of 30 on one of them; mixing one took 42 instead of 33 across the plateau of a kernel with 64 channels. Such plateaus
 * are why the tolerance is small: partial_tucker at 1e-4 stops up to 7e-4 above what follows. Starting from approximate
 * eigenvectors ends higher.
 */
export async function hooi(stack: KernelStack, R4: number, R3: number, options: HooiOptions): Promise<TuckerBases> {
  const { outputs, inputs } = stack;
  const { blas, maxSweeps = 60, tolerance = 2e-7 } = options;
  if (R4 === outputs && R3 === inputs) return { output: undefined, input: undefined };
  if (R3 === inputs) {
    return {
      output: await leadingVectors(await outputGram(stack, undefined, blas), outputs, R4, blas),
      input: undefined,
    };
  }
  const start = await leadingVectors(await inputGram(stack, undefined, blas), inputs, R3, blas);
  if (R4 === outputs) return { output: undefined, input: start };
  const energy = stack.blocks.reduce((sum, { data }) => sum + sumOfSquares(data), 0);
  const fit: SweepFit = { stack, energy, R4, blas };
  let last = await firstSweep(fit, start);
  let steps: readonly BasisStep[] = [{ start, image: last.input }];
  let idle = 0;
  options.onSweep?.(1, last.error);
  for (let count = 2; count <= maxSweeps && last.error > 0 && idle < 2; count++) {
    options.signal?.throwIfAborted();
    const mixed = await mixBases(steps, inputs, blas);
    const from = (mixed && (await orthonormalize(mixed, inputs, R3, blas, 1))) ?? last.input;
    const next = await sweepFrom(fit, last, from);
    const gain = last.error - next.error;
    idle = gain < tolerance * last.error ? idle + 1 : 0;
    if (gain > 0) last = next;
    steps = gain > 0 ? [...steps.slice(-MEMORY), { start: from, image: next.input }] : steps.slice(-1);
    options.onSweep?.(count, last.error);
  }
  return {
    output: (await orthonormalize(last.output, outputs, R4, blas)) ?? last.output,
    input: (await orthonormalize(last.input, inputs, R3, blas)) ?? last.input,
  };
}

/** What stays the same from sweep to sweep. */
interface SweepFit {
  readonly stack: KernelStack;
  readonly energy: number;
  readonly R4: number;
  readonly blas: Blas;
}

async function firstSweep({ stack, energy, R4, blas }: SweepFit, start: Float64Array): Promise<Sweep> {
  const { outputs, inputs } = stack;
  const precision = sweepPrecision(stack, energy, 1);
  const output = await leadingVectors(await outputGram(stack, start, blas, precision), outputs, R4, blas);
  const gram = await inputGram(stack, output, blas, precision);
  const input = await improveBasis(gram, inputs, start, blas);
  return { output, input, error: projectionError(energy, await capturedEnergy(gram, inputs, input, blas)) };
}

/** U for the kernel projected on `input`, then V for the kernel projected on U. */
async function sweepFrom({ stack, energy, blas }: SweepFit, last: Sweep, input: Float64Array): Promise<Sweep> {
  const precision = sweepPrecision(stack, energy, last.error);
  const output = await improveBasis(await outputGram(stack, input, blas, precision), stack.outputs, last.output, blas);
  const gram = await inputGram(stack, output, blas, precision);
  const improved = await improveBasis(gram, stack.inputs, input, blas);
  const error = projectionError(energy, await capturedEnergy(gram, stack.inputs, improved, blas));
  return { output, input: improved, error };
}

/**
 * In what to project and to sum Gram matrices. float32 turns a subspace by about δ = 1e-6; where the error is at its least
 * that raises it by δ²/(2·error) only, so less than 1e-10 for the errors allowed here. A float64 kernel keeps its precision,
 * one whose squares might leave the range of float32 its range.
 */
function sweepPrecision({ blocks }: KernelStack, energy: number, error: number): Precision {
  const narrow = blocks.every(({ data }) => data instanceof Float32Array);
  return narrow && error > 1e-2 && energy > 1e-20 && energy < 1e30 ? 'float32' : 'float64';
}
