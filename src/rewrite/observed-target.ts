import type { Blas, RealNdArray } from '../numerics/index.ts';
import { type FitTarget, fitTarget } from './fit-target.ts';
import type { Observation } from './observation.ts';

/** Ends the planning of a node whose data cannot be had. */
export class Unobserved extends Error {}

/**
 * What fits of a node approach while its ranks are chosen: its kernel, in the metric of its inputs where they are observed.
 *
 * @throws Unobserved
 */
export async function observedTarget(
  name: string,
  kernel: RealNdArray,
  observation: Observation | undefined,
  blas: Blas,
): Promise<FitTarget> {
  const moments = await observation?.of(name);
  if (!moments) return { kernel };
  if ('unobserved' in moments) throw new Unobserved(moments.unobserved);
  if ('factors' in moments) throw new Unobserved('factors made elsewhere tell nothing of other ranks');
  return fitTarget(kernel, moments, 'symmetric', blas);
}
