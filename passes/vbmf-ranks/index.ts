// R = number of singular values that empirical variational Bayes finds to be signal, per unfolding
import { evbmf } from 'onnx-tucker/numerics';
import { definePass, ranksFromSpectra, type Spectrum, skip } from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  mode: z
    .enum(['scale-invariant', 'published'])
    .default('scale-invariant')
    .describe("published: as the authors' code computes it, which depends on the scale of the weights"),
  weakening: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('R = ⌊R₀ − weakening·(R₀ − R_vbmf)⌋: 1 takes the rank as found, 0 the full rank'),
  minimum: z.number().int().min(0).default(0).describe('smallest rank; 0 keeps a node in which no signal is found'),
});

export default definePass({
  name: 'vbmf-ranks',
  kind: 'rank',
  summary: 'ranks by empirical variational Bayesian matrix factorization',
  reference: 'arXiv:1511.06530',
  options,
  async choose([space], { options: { mode, weakening, minimum } }) {
    if (!space) throw new Error('vbmf-ranks was asked about no method');
    const rule = ({ singularValues, rows, columns }: Spectrum) => {
      const { rank } = evbmf(singularValues, rows, columns, mode === 'published' ? { compatibility: mode } : {});
      const full = singularValues.length;
      return Math.min(full, Math.max(minimum, Math.floor(full - weakening * (full - rank))));
    };
    const ranks = await ranksFromSpectra(space, rule);
    const empty = Object.keys(ranks).find((name) => ranks[name] === 0);
    if (empty)
      return skip(space.operator.node, 'rank-zero', `no singular value stands out of the noise along ${empty}`);
    return { kind: 'choice', space, ranks };
  },
});
