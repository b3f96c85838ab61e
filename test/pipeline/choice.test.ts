import { describe, expect, test } from '@jest/globals';
import { savesAny } from '../../src/pipeline/choice.ts';
import type { CandidateOffer, NodeOffers } from '../../src/rewrite/index.ts';

const cost = (params: number, macs: number) => ({ params, macs, macsUnit: 'sample' as const });
const node = { name: 'conv', cost: cost(100, 100), step: {}, chosen: false, offers: [] } as unknown as NodeOffers;
const offer = (params: number, macs: number) =>
  ({ method: 'svd', ranks: { R: 1 }, cost: cost(params, macs), steps: [{}, {}] }) as unknown as CandidateOffer;

describe('what is worth a fit', () => {
  test('costs less in one of the kinds that count', () => {
    const pricing = { milliseconds: undefined, bytesPerParameter: 4 };
    const [fewer, less] = [offer(99, 120), offer(120, 99)];
    const wanted = (kinds: readonly ('macs' | 'params')[]) => [fewer, less].map(savesAny({ ...pricing, kinds }, node));
    expect(wanted(['params'])).toEqual([true, false]);
    expect(wanted(['macs'])).toEqual([false, true]);
    expect(wanted(['macs', 'params'])).toEqual([true, true]);
    expect([offer(100, 100)].map(savesAny({ ...pricing, kinds: ['macs', 'params'] }, node))).toEqual([false]);
  });

  test('is faster where time counts, however few its MACs are', () => {
    const milliseconds = (chain: readonly unknown[]) => (chain.length === 1 ? 1 : 1.1);
    const pricing = { kinds: ['latency' as const], milliseconds, bytesPerParameter: 4 };
    expect(savesAny(pricing, node)(offer(10, 10))).toBe(false);
    expect(savesAny({ ...pricing, milliseconds: () => 1 / 3 }, node)(offer(10, 10))).toBe(false);
    expect(savesAny({ ...pricing, milliseconds: ({ length }) => 3 - length }, node)(offer(200, 200))).toBe(true);
  });
});
