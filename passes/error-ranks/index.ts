// min cost over methods and ranks  subject to  ‖Ŵ−W‖/‖W‖ ≤ max, in the norm of the fit
import {
  type CandidateSpace,
  definePass,
  type RankChoice,
  type Ranks,
  rankForEnergy,
  ranksFromSpectra,
  skip,
} from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  max: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.01)
    .describe('largest error of a node: its weightError, with calibration √outputError'),
});

export default definePass({
  name: 'error-ranks',
  kind: 'rank',
  summary: 'the cheapest method and ranks of each node within a bound on its error',
  options,
  async choose(spaces, { options: { max } }) {
    let best: { readonly choice: RankChoice; readonly cost: number } | undefined;
    for (const space of spaces) {
      const ranks = await smallestRanks(space, max);
      if (!ranks) continue;
      const cost = relativeCost(space, ranks);
      if (!best || cost < best.cost) best = { choice: { kind: 'choice', space, ranks }, cost };
    }
    const node = (spaces[0] as CandidateSpace).operator.node;
    return best?.choice ?? skip(node, 'error-bound', `nothing that gains has an error of at most ${max}`);
  },
});

/**
 * Of weights, ranks below those of the energy cannot reach the bound: the error of any factorization is at least that of
 * the best matrix of the same rank in each unfolding. For matrices they also suffice. Otherwise ranks grow from there, or
 * from 1 where outputs are measured, towards the largest that still gain: a fit there says whether to search at all,
 * bisection finds where the bound is met.
 */
async function smallestRanks(space: CandidateSpace, max: number): Promise<Ranks | undefined> {
  const least =
    space.norm === 'weights' ? await ranksFromSpectra(space, (spectrum) => rankForEnergy(spectrum, 1 - max * max)) : {};
  const at = (share: number) => space.clamp(between(space, least, share));
  const suffices = async (share: number) => (await space.fitError(at(share))) <= max;
  if (!space.gains(at(0))) return undefined;
  if (await suffices(0)) return at(0);
  let [low, high] = [0, largestShare((share) => space.gains(at(share)))];
  if (sameRanks(at(low), at(high)) || !(await suffices(high))) return undefined;
  for (let step = 0; step < searchSteps; step++) {
    const middle = (low + high) / 2;
    if (await suffices(middle)) high = middle;
    else low = middle;
  }
  return at(high);
}

/** Fits cost; five of them find the rank to 3 % of its range. */
const searchSteps = 5;

/** Bisection for the largest share with a property that holds up to some point. */
function largestShare(holds: (share: number) => boolean): number {
  if (holds(1)) return 1;
  let [low, high] = [0, 1];
  for (let step = 0; step < 30; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function between({ decomposition }: CandidateSpace, least: Ranks, share: number): Ranks {
  const ranks = decomposition.axes.map(({ name, max }) => {
    const from = least[name] ?? 1;
    return [name, from + Math.floor(share * (max - from))] as const;
  });
  return Object.fromEntries(ranks);
}

function sameRanks(a: Ranks, b: Ranks): boolean {
  return Object.entries(a).every(([name, rank]) => rank === b[name]);
}

/** Params and MACs count alike, each relative to the node's own. */
function relativeCost({ cost, originalCost }: CandidateSpace, ranks: Ranks): number {
  const { params, macs } = cost(ranks);
  return params / originalCost.params + macs / originalCost.macs;
}
