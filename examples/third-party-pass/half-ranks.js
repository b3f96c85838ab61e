import { definePass } from 'onnx-tucker/pass';
import { z } from 'zod';

/**
 * Ranks R → ⌊share · max R⌋ for the first method of the pipeline that fits a node.
 *
 * The node is kept (`no-gain`) where these ranks save nothing.
 */
export const halfRanks = definePass({
  name: 'half-ranks',
  summary: 'ranks at a fixed share of the largest ones, half by default',
  kind: 'rank',
  options: z.strictObject({
    share: z.number().positive().max(1).default(0.5).describe('part of the largest rank that is kept'),
  }),

  async choose([space], { options }) {
    const wanted = space.decomposition.axes.map(({ name, max }) => [
      name,
      Math.max(1, Math.floor(options.share * max)),
    ]);
    return { kind: 'choice', space, ranks: space.clamp(Object.fromEntries(wanted)) };
  },
});
