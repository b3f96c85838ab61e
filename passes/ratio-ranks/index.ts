// max f  subject to  cost(R = ⌊f·R_max⌋) ≤ ratio · cost(node)
import { type CandidateSpace, type Cost, definePass, type Ranks, scaledRanks, skip } from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z
  .strictObject({
    macs: z.number().gt(0).max(1).optional().describe('largest share of the MACs to leave'),
    params: z.number().gt(0).max(1).optional().describe('largest share of the parameters to leave'),
    block: z
      .number()
      .int()
      .min(1)
      .default(1)
      .describe('ranks are multiples of this; the SIMD width (16, 8) turns MACs into time'),
    ends: z.enum(['keep', 'fit']).default('keep').describe('keep: the first Conv and the last Conv or Gemm stay whole'),
  })
  .refine(({ macs, params }) => macs !== undefined || params !== undefined, { message: 'give macs=… or params=…' });

type Options = z.infer<typeof options>;

export default definePass({
  name: 'ratio-ranks',
  kind: 'rank',
  summary: 'the largest ranks that leave a given share of the MACs or parameters of each node',
  options,
  async choose([space], { options }) {
    if (!space) throw new Error('ratio-ranks was asked about no method');
    const { node } = space.operator;
    if (space.end && options.ends === 'keep')
      return skip(node, 'end-layer', `the ${space.end} layer stays whole; ends=fit includes it`);
    const ranks = largestRanks(space, options);
    return ranks
      ? { kind: 'choice', space, ranks }
      : skip(node, 'no-gain', `even the smallest ranks leave more than ${budget(options)}`);
  },
});

/** Bisection on f: cost never falls when f grows. 40 halvings tell neighbouring ranks of any axis apart. */
function largestRanks(space: CandidateSpace, options: Options): Ranks | undefined {
  const fits = (share: number) =>
    isWithin(space.cost(scaledRanks(space, share, options.block)), space.originalCost, options);
  if (!fits(0)) return undefined;
  let [low, high] = [0, 1];
  if (fits(1)) low = 1;
  for (let halving = 0; halving < 40 && low < 1; halving++) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return scaledRanks(space, low, options.block);
}

function isWithin(
  after: Cost,
  before: Cost,
  { macs = Number.POSITIVE_INFINITY, params = Number.POSITIVE_INFINITY }: Options,
): boolean {
  return after.macs <= macs * before.macs && after.params <= params * before.params;
}

function budget({ macs, params }: Options): string {
  return [macs && `${macs} of the MACs`, params && `${params} of the parameters`].filter(Boolean).join(' or ');
}
