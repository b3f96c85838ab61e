import type { Feeds, ModelSource, Runtime, RuntimeSession } from '../runtime/index.ts';
import { findInputShapes, type InputShapes } from './input-shapes.ts';
import { loadOrReason, openPair, releaseAll } from './open-pair.ts';
import { relativeError } from './output-tally.ts';
import { perturbByOneUlp } from './perturb.ts';
import { randomFeeds } from './random-feeds.ts';
import { isUnjudged, type Unjudged, unjudged } from './unjudged.ts';

export interface ExactOptions {
  /** Random inputs to run, 2 by default. */
  readonly samples?: number;
  readonly seed?: number;
  readonly inputShapes?: InputShapes;
  /**
   * The model before compression: errors are relative to the larger of its outputs and the reference's. A sigmoid that
   * compression drove to 1e-8 leaves nothing but noise to compare with.
   */
  readonly original?: ModelSource;
  /** Relative spacing of the numbers in which weights are stored; that of float32 by default. */
  readonly weightSpacing?: number;
  /** The reference with weights of half precision moved by one unit: see perturbHalfWeights. */
  readonly perturbed?: ModelSource;
}

/** Whether two models that are the same function on paper are the same up to rounding. */
export interface ExactEquivalence {
  readonly kind: 'judged';
  readonly ok: boolean;
  /** Largest max|ŷ−y|/max|y| of an output. */
  readonly maxRelativeError: number;
  readonly tolerance: number;
  /** What rounding alone does to the reference, measured: see {@link exactEquivalence}. */
  readonly floor: number;
}

/** Error that float32 networks of ordinary depth stay below by far. */
const leastTolerance = 1e-4;

/** Times the floor: a factorized node rounds up to three times more often, with products of larger terms. */
const allowance = 32;

/** Times the spacing of float16 weights: the dense kernel, the factors and the activations are each rounded to it. */
const weightAllowance = 8;

/**
 * Further looks at the noise before a rewrite is blamed: a saturated sigmoid jumps by a tenth of itself at one rounding in
 * three, and one look misses that as often.
 */
const secondLooks = 16;

/** A model that rounding moves by this much cannot be judged by its outputs. */
const unstable = 1e-2;

/**
 * Compares a rewritten model with the one that has, in place of each factorized node, a dense one with the contraction
 * of the factors.
 *
 * The two differ by rounding only, but how much that is depends on the model: errors grow through deep nets, and where
 * outputs nearly cancel. A bound derived from the weights would be too wide by orders of magnitude after a few layers
 * (the checks of single nodes use one). So the noise is measured on the reference itself: its outputs with all graph
 * optimizations against none (fused and reordered sums, other kernels), and with every input element moved by one unit
 * in the last place, more often where a rewrite would be blamed. The tolerance is max(1e-4, 32 × the larger of the two), and
 * with weights coarser than float32 at least 8 of their units, or 8 × what one unit of them does to the outputs: where
 * these nearly cancel, that is more.
 *
 * @param reference the dense model
 * @returns Unjudged when the reference cannot be run, or is chaotic: floor above 0.01
 * @throws runtime-rejected, check-failed as compareModels
 */
export async function exactEquivalence(
  runtime: Runtime,
  reference: ModelSource,
  rewritten: ModelSource,
  options: ExactOptions = {},
): Promise<ExactEquivalence | Unjudged> {
  const pair = await openPair(runtime, reference, rewritten);
  if (isUnjudged(pair)) return pair;
  const plain = await loadOrReason(runtime, reference, { optimization: 'disabled' });
  const perturbed = options.perturbed && (await loadOrReason(runtime, options.perturbed, {}));
  const original = options.original && (await loadOrReason(runtime, options.original, {}));
  const others = [plain, perturbed, original].map((session) => (session && !isUnjudged(session) ? session : undefined));
  const [alike, moved, before] = others;
  try {
    return await judge(pair.reference, pair.candidate, { plain: alike, perturbed: moved, original: before }, options);
  } finally {
    await releaseAll(others.filter((session) => session !== undefined));
    await pair.release();
  }
}

/** What shows how large rounding and outputs are; undefined where ONNX Runtime does not load it, or there is none. */
interface Yardsticks {
  /** The reference without optimizations. */
  readonly plain: RuntimeSession | undefined;
  /** The reference with other rounding of its weights. */
  readonly perturbed: RuntimeSession | undefined;
  readonly original: RuntimeSession | undefined;
}

async function judge(
  reference: RuntimeSession,
  rewritten: RuntimeSession,
  { plain, perturbed, original }: Yardsticks,
  options: ExactOptions,
): Promise<ExactEquivalence | Unjudged> {
  const { samples = 2, seed = 0, inputShapes, weightSpacing = 0 } = options;
  const shapes = await findInputShapes(reference, seed, inputShapes);
  if (isUnjudged(shapes)) return shapes;
  let [floor, coarse, error] = [0, 0, 0];
  for (let i = 0; i < samples; i++) {
    const feeds = randomFeeds(reference.inputs, shapes, seed + i);
    const y = await reference.run(feeds);
    const scale = original ? await original.run(feeds) : {};
    const errorOf = async (session: RuntimeSession, inputs = feeds) =>
      largestError(y, await session.run(inputs), scale);
    if (plain) floor = Math.max(floor, await errorOf(plain));
    floor = Math.max(floor, await errorOf(reference, perturbByOneUlp(feeds, seed + i)));
    if (perturbed) coarse = Math.max(coarse, await errorOf(perturbed));
    const found = await errorOf(rewritten);
    error = Math.max(error, found);
    for (let look = 1; look <= secondLooks && found > toleranceAt(floor, coarse, weightSpacing); look++)
      floor = Math.max(floor, await errorOf(reference, perturbByOneUlp(feeds, seed + i + look * samples)));
  }
  const wanted = toleranceAt(floor, coarse, weightSpacing);
  const tolerance = Math.min(wanted, unstable);
  const noise = Math.max(floor, coarse);
  if (error > tolerance && wanted > unstable)
    return unjudged(`rounding alone moves its outputs by ${noise.toPrecision(2)} of their size`);
  return { kind: 'judged', ok: error <= tolerance, maxRelativeError: error, tolerance, floor };
}

function toleranceAt(floor: number, coarse: number, weightSpacing: number): number {
  return Math.max(leastTolerance, weightAllowance * Math.max(weightSpacing, coarse), allowance * floor);
}

function largestError(reference: Feeds, other: Feeds, scale: Feeds): number {
  return Object.entries(reference).reduce((most, [name, tensor]) => {
    const counterpart = other[name];
    return Math.max(most, counterpart ? relativeError(tensor, counterpart, scale[name]) : Number.POSITIVE_INFINITY);
  }, 0);
}
