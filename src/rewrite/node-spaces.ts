import type { RealNdArray } from '../numerics/index.ts';
import type { CandidateSpace, FitContext, Ranks } from '../pass/index.ts';
import { candidateSpace, type MethodSpace } from './candidate-space.ts';
import { errorCurve } from './error-curve.ts';
import type { FitTarget } from './fit-target.ts';
import type { Observation } from './observation.ts';
import { observedTarget } from './observed-target.ts';
import type { PricedMethod } from './priced-method.ts';
import { type Environment, type FitCache, nodeSeed } from './workspace.ts';

/** A node whose ranks are to be chosen. */
export interface RankedNode {
  readonly name: string;
  readonly kernel: RealNdArray;
  readonly end: CandidateSpace['end'];
  /** Data on the node's inputs; weights alone without it. */
  readonly observation: Observation | undefined;
}

/**
 * What each method could make of a node. All share one target, made when the first number is asked for.
 *
 * @param fits keeps what is fitted
 */
export function nodeSpaces(
  { name, kernel, end, observation }: RankedNode,
  methods: readonly PricedMethod[],
  { blas, signal, seed }: Environment,
  fits: FitCache,
): readonly MethodSpace[] {
  let target: Promise<FitTarget> | undefined;
  const aim = () => {
    target ??= observedTarget(name, kernel, observation, blas);
    return target;
  };
  return methods.map((method) => {
    const { pass, decomposition } = method;
    const effort = observation ? ('fast' as const) : ('normal' as const);
    const finalEffort = observation ? (observation.calibration.foretold ?? observation.calibration.effort) : effort;
    const common = { blas, signal, effort, seed: nodeSeed(seed, name, pass) };
    const inMetric = ({ metric }: FitTarget): FitContext => ({ ...common, ...(metric && { metric }) });
    const fit = (ranks: Ranks) =>
      fits.fit(name, pass, ranks, async () => {
        const wanted = await aim();
        return decomposition.fit(wanted.kernel, ranks, inMetric(wanted));
      });
    return candidateSpace({
      name,
      method,
      kernel,
      end,
      blas,
      norm: observation ? 'outputs' : 'weights',
      fit,
      async errors(ranks) {
        const wanted = await aim();
        return errorCurve(decomposition, wanted.kernel, ranks, { ...inMetric(wanted), effort: finalEffort });
      },
    });
  });
}
