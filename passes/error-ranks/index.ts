// min cost over methods and ranks  subject to  ‖Ŵ−W‖/‖W‖ ≤ max
import { type CandidateSpace, definePass, type RankChoice, type Ranks, rankForEnergy, ranksFromSpectra, skip } from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  max: z.number().gt(0).lt(1).default(0.01).describe('largest weightError of a node'),
});

/** Factor by which ranks grow while a fit misses the bound. */
const growth = 1.125;

export default definePass({
  name: 'error-ranks',
  kind: 'rank',
  summary: 'the cheapest method and ranks of each node within a bound on its weight error',
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
    return best?.choice ?? skip(node, 'error-bound', `nothing that gains has a weight error of at most ${max}`);
  },
});

/**
 * Ranks below the energy ranks cannot reach the bound: the error of any factorization is at least that of the best
 * matrix of the same rank in each unfolding. From there ranks grow together until a fit is good enough or gains nothing.
 */
async function smallestRanks(space: CandidateSpace, max: number): Promise<Ranks | undefined> {
  let ranks = space.clamp(await ranksFromSpectra(space, (spectrum) => rankForEnergy(spectrum, 1 - max * max)));
  while (space.gains(ranks)) {
    if ((await space.weightError(ranks)) <= max) return ranks;
    const grown = space.clamp(grow(space, ranks));
    if (Object.entries(grown).every(([name, rank]) => rank === ranks[name])) return undefined;
    ranks = grown;
  }
  return undefined;
}

function grow({ decomposition }: CandidateSpace, ranks: Ranks): Ranks {
  return Object.fromEntries(decomposition.axes.map(({ name, max }) => [name, Math.min(max, Math.ceil((ranks[name] ?? 1) * growth + 1e-9))]));
}

/** Params and MACs count alike, each relative to the node's own. */
function relativeCost({ cost, originalCost }: CandidateSpace, ranks: Ranks): number {
  const { params, macs } = cost(ranks);
  return params / originalCost.params + macs / originalCost.macs;
}
