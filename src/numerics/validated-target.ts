import type { Blas } from './blas.ts';
import { type CalibratedTarget, calibratedTarget } from './calibrated-target.ts';
import { correctedBias, heldBackError } from './moment-errors.ts';
import type { Moments } from './moments.ts';
import type { RealNdArray } from './nd-array.ts';

/** Ridges to try, ascending, relative to the mean diagonal of G. */
const ridges = [1e-3, 1e-2, 1e-1, 1] as const;

/** A larger ridge has to be better by this part: on few rows the error is known no better. */
const improvement = 1e-3;

/** An error below this is rounding: G is float32. Where the wanted outputs are the kernel's own, W* is W at any ridge. */
const exact = 1e-6;

/**
 * The target and metric of `calibratedTarget` with the ridge that explains rows best that are in none of the moments. Few
 * samples for many inputs want a large one: without it W* and the metric follow what is peculiar to the samples. (On a wide
 * ResNet-50 with 512 images, inner nodes of P = 1152 take 0.1; the KL divergence of the network at half its MACs falls
 * by a tenth.) Without held-back rows the ridge is the smallest.
 *
 * Cost: a Cholesky factorization and T solves for each ridge tried; the first that is no better ends it.
 * @param kernel [g, t, s, k…]
 */
export async function validatedTarget(kernel: RealNdArray, moments: Moments, blas: Blas): Promise<CalibratedTarget> {
  const { heldBack } = moments;
  let best: CalibratedTarget | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const ridge of ridges) {
    const target = await calibratedTarget(kernel, moments, blas, { ridge });
    if (!heldBack) return target;
    const error = await heldBackError(target.kernel, correctedBias(target.kernel, moments), heldBack, blas);
    if (best && !(error < (1 - improvement) * least)) break;
    [best, least] = [target, error];
    if (error < exact) break;
  }
  return best as CalibratedTarget;
}
