// R = the smallest rank with Σ_{i≤R} σᵢ² ≥ keep · Σ σᵢ², per unfolding
import { definePass, rankForEnergy, ranksFromSpectra } from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  keep: z.number().gt(0).max(1).default(0.99).describe('share of the squared singular values to keep'),
});

export default definePass({
  name: 'energy-ranks',
  kind: 'rank',
  summary: 'ranks that keep a share of the energy of each unfolding',
  options,
  async choose([space], { options: { keep } }) {
    if (!space) throw new Error('energy-ranks was asked about no method');
    return { kind: 'choice', space, ranks: await ranksFromSpectra(space, (spectrum) => rankForEnergy(spectrum, keep)) };
  },
});
