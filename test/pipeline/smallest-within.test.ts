import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { smallestWithin } from '../../src/pipeline/smallest-within.ts';

describe('the smallest share that keeps a promise', () => {
  test('is found to 4 % in at most seven trials, wherever it lies', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0.05, max: 0.99, noNaN: true }), async (border) => {
        const { best, trials } = await smallestWithin({ least: 0.05, most: 1 }, async (share) => ({
          result: share,
          kept: share >= border,
        }));
        expect(trials.length).toBeLessThanOrEqual(7);
        expect(trials.every(({ share, kept }) => kept === share >= border)).toBe(true);
        if (best) expect(best.share).toBeGreaterThanOrEqual(border);
        else expect(border).toBeGreaterThan(0.9);
        expect((best?.share ?? 1) / border).toBeLessThanOrEqual(1.1);
      }),
    );
  });

  test('is none where nothing keeps it', async () => {
    const { best } = await smallestWithin({ least: 0.1, most: 1 }, async () => ({ result: undefined, kept: false }));
    expect(best).toBeUndefined();
  });
});
