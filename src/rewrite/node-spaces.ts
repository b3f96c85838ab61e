import { type Blas, normInMetric, type RealNdArray } from '../numerics/index.ts';
import { type CandidateSpace, type FitContext, networkAt, type Ranks } from '../pass/index.ts';
import type { Calibration } from './calibration.ts';
import { candidateSpace, type MethodSpace } from './candidate-space.ts';
import { errorInMetric } from './contraction-check.ts';
import { curveOf } from './curve-server.ts';
import type { FitTarget } from './fit-target.ts';
import { OutputWeighing } from './output-weighing.ts';
import type { PricedMethod } from './priced-method.ts';
import { type Environment, type FitCache, nodeSeed } from './workspace.ts';

/** A node whose ranks are to be chosen. */
export interface RankedNode {
  readonly name: string;
  readonly kernel: RealNdArray;
  readonly end: CandidateSpace['end'];
  /** What data its target is made from; undefined where that is the weights alone. */
  readonly calibration: Calibration | undefined;
  /** What fits approach: asked for with the first number that is needed. */
  target(): Promise<FitTarget>;
}

/**
 * What each method could make of a node. All share one target.
 *
 * @param fits keeps what is fitted
 */
export function nodeSpaces(
  { name, kernel, end, calibration, target }: RankedNode,
  methods: readonly PricedMethod[],
  { blas, signal, seed, curves }: Environment,
  fits: FitCache,
): readonly MethodSpace[] {
  let known: Promise<FitTarget> | undefined;
  const aim = () => {
    known ??= target();
    return known;
  };
  const weigh = weigher(kernel, blas);
  return methods.map((method) => {
    const { pass, decomposition } = method;
    const effort = calibration ? ('fast' as const) : ('normal' as const);
    const finalEffort = calibration ? (calibration.foretold ?? calibration.effort) : effort;
    const common = { blas, signal, effort, seed: nodeSeed(seed, name, pass) };
    const inMetric = ({ metric }: FitTarget): FitContext => ({ ...common, ...(metric && { metric }) });
    const fit = (ranks: Ranks) =>
      fits.fit(name, pass, ranks, async () => {
        const wanted = await aim();
        const { kernel: weighed, weighing } = await weigh(method, wanted);
        const found = await decomposition.fit(weighed, ranks, inMetric(wanted));
        if (!weighing) return found;
        // As it will be made; bounds are about the error of all outputs alike.
        const { factors } = await weighing.fit(found);
        const network = networkAt(method.operator, decomposition, ranks);
        return { factors, relativeError: await errorInMetric(network, factors, wanted, blas) };
      });
    return candidateSpace({
      name,
      method,
      kernel,
      end,
      blas,
      norm: calibration ? 'outputs' : 'weights',
      fit,
      async errors(ranks) {
        const wanted = await aim();
        const { share, ...weighed } = await weigh(method, wanted);
        const context = { ...inMetric(wanted), effort: finalEffort };
        return (await curveOf(method, weighed.kernel, ranks, context, curves)).map((error) => share * error);
      },
    });
  });
}

interface WeighedKernel {
  readonly kernel: RealNdArray;
  /** Its norm ÷ that of the target before. */
  readonly share: number;
  readonly weighing: OutputWeighing | undefined;
}

/** Targets in the norm in which outputs count, where a method allows it; the same for all that do. */
function weigher({ dims }: RealNdArray, blas: Blas) {
  let known: Promise<Omit<WeighedKernel, 'weighing'>> | undefined;
  return async ({ decomposition }: PricedMethod, { kernel, metric, outputs }: FitTarget): Promise<WeighedKernel> => {
    const weighing = OutputWeighing.of(decomposition, dims[0] ?? 1, outputs, blas);
    if (!weighing || !metric) return { kernel, share: 1, weighing: undefined };
    known ??= (async () => {
      const weighed = await weighing.kernel(kernel);
      const before = await normInMetric(kernel, metric, blas);
      return { kernel: weighed, share: before > 0 ? (await normInMetric(weighed, metric, blas)) / before : 1 };
    })();
    return { ...(await known), weighing };
  };
}
