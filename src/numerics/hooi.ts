import type { Blas } from './blas.ts';
import type { KernelStack } from './kernel-stack.ts';
import { orthonormalizeColumns } from './orthonormalize-columns.ts';
import { type BasisMove, basisPoint, quasiNewtonStep } from './quasi-newton-step.ts';
import { leadingVectors } from './row-basis.ts';
import { Scratch } from './scratch.ts';
import { inputGram, outputGram, type TuckerBases } from './tucker-projections.ts';
import { type Sweep, type SweepFit, tuckerSweep } from './tucker-sweep.ts';

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
 *
 * Measured on thirteen k×k kernels of a ResNet-50 with 64 to 256 channels, 185 sweeps in all:
 *
 * - Anderson mixing of V over three sweeps took 233. On the plateau around a saddle it extrapolates back to the saddle.
 * - Memories of 2, 3, 4 or 8 steps saved at most one sweep in twenty against one step; carrying the remembered
 *   vectors over to the next tangent space another one in thirty, for six more products a sweep.
 * - Between full sweeps, to solve the problem in the leading 1.3 or 1.5 times R eigenvectors of both modes, where a sweep
 *   costs a third: each round lowered what was left by a factor of 0.4 to 0.75, no more than one or two full sweeps do.
 *   Slow directions lie all over the discarded noise, not at the cut. Keeping the leading half fixed as well was slower.
 * - Stopping on a single small promise ended up to 4e-6 above the others, a tolerance of 4e-7 up to 1.4e-6: promises
 *   alternate from sweep to sweep. partial_tucker at 1e-4 stops up to 7e-4 above.
 * - Starting from approximate eigenvectors ends higher.
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
  const gram = await inputGram(stack, undefined, blas);
  const start = await leadingVectors(gram, inputs, R3, blas);
  if (R4 === outputs) return { output: undefined, input: start };
  const fit = { stack, energy: trace(gram, inputs), R4, blas, scratch: new Scratch() };
  const { output, input } = await bestSweep(fit, start, options);
  return {
    output: (await orthonormalizeColumns(output, outputs, R4, blas)) ?? output,
    input: (await orthonormalizeColumns(input, inputs, R3, blas)) ?? input,
  };
}

async function bestSweep(fit: SweepFit, start: Float64Array, options: HooiOptions): Promise<Sweep> {
  const { maxSweeps = 60, tolerance = 2e-7 } = options;
  const { stack, energy, blas } = fit;
  const n = stack.inputs;
  let best = await tuckerSweep(fit, undefined, start);
  let last: BasisMove | undefined;
  let [gain, ahead, idle] = [Infinity, Infinity, 0];
  options.onSweep?.(1, best.error);
  for (let count = 2; count <= maxSweeps && best.error > 0 && idle < 2; count++) {
    options.signal?.throwIfAborted();
    let from = best.input;
    if (gain > 0) {
      const point = await basisPoint(best.start, best.image, best.input, n, best.precision, blas);
      const { step, promised } = await quasiNewtonStep(point, last, blas);
      const before = ahead;
      ahead = promised === undefined ? Infinity : (promised - best.rise) / (2 * best.error * energy);
      if (Math.max(before, ahead, gain / 2) < tolerance * best.error) break;
      const moved = step.map((x, i) => x + point.basis[i]!);
      from = (await orthonormalizeColumns(moved, n, moved.length / n, blas, 1)) ?? from;
      last = { from: point, step };
    } else [last, ahead] = [undefined, Infinity];
    const next = await tuckerSweep(fit, best, from);
    gain = best.error - next.error;
    idle = gain < tolerance * best.error ? idle + 1 : 0;
    if (gain > 0) best = next;
    options.onSweep?.(count, best.error);
  }
  return best;
}

function trace(matrix: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += matrix[i * n + i]!;
  return sum;
}
