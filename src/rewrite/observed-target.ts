import type { Blas, Moments, RealNdArray } from '../numerics/index.ts';
import { type FitTarget, fitTarget } from './fit-target.ts';
import type { Observation } from './observation.ts';

/** Ends the planning of a node whose data cannot be had. */
export class Unobserved extends Error {}

/**
 * What the data tell of a node while its ranks are chosen.
 *
 * @returns undefined without data
 * @throws Unobserved
 */
export async function observedMoments(
  name: string,
  observation: Observation | undefined,
): Promise<Moments | undefined> {
  const moments = await observation?.of(name);
  if (!moments) return undefined;
  if ('unobserved' in moments) throw new Unobserved(moments.unobserved);
  if ('factors' in moments) throw new Unobserved('factors made elsewhere tell nothing of other ranks');
  return moments;
}

/** What fits of a node approach while its ranks are chosen: its kernel, in the metric of its inputs where they are observed. */
export async function observedTarget(
  kernel: RealNdArray,
  moments: Moments | undefined,
  blas: Blas,
): Promise<FitTarget> {
  return moments ? fitTarget(kernel, moments, 'symmetric', blas) : { kernel };
}
