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
          lost: null,
        }));
        expect(trials.length).toBeLessThanOrEqual(7);
        expect(trials.every(({ share, kept }) => kept === share >= border)).toBe(true);
        if (best) expect(best.share).toBeGreaterThanOrEqual(border);
        else expect(border).toBeGreaterThan(0.9);
        expect((best?.share ?? 1) / border).toBeLessThanOrEqual(1.1);
      }),
    );
  });

  test('takes fewer than five trials on average where losses are a power of the share', async () => {
    const counts: number[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.08, max: 0.95, noNaN: true }),
        fc.double({ min: 2, max: 12, noNaN: true }),
        fc.array(fc.double({ min: 0.95, max: 1.05, noNaN: true }), { minLength: 7, maxLength: 7 }),
        async (border, slope, noise) => {
          let tried = 0;
          const { best, trials } = await smallestWithin({ least: 0.05, most: 1 }, async (share) => {
            const lost = (share / border) ** -slope * (noise[tried++] as number);
            return { result: share, kept: lost <= 1, lost };
          });
          counts.push(trials.length);
          expect(trials.length).toBeLessThanOrEqual(7);
          // Noise of 5 % moves the border by as much at the flattest slope; what is found may use 85 % of the promise.
          expect(Math.abs(Math.log((best?.share ?? 1) / border))).toBeLessThan(0.04 + (0.05 + 0.17) / slope);
        },
      ),
    );
    expect(counts.reduce((sum, count) => sum + count, 0) / counts.length).toBeLessThan(5);
  });

  test('is looked for from where it is expected, as often as told', async () => {
    const { best, trials } = await smallestWithin({ least: 0.6, most: 1, first: 0.8, trials: 3 }, async (share) => ({
      result: undefined,
      kept: share >= 0.7,
      lost: null,
    }));
    expect(trials[0]?.share).toBe(0.8);
    expect(trials).toHaveLength(3);
    expect(best?.share).toBeGreaterThanOrEqual(0.7);
    expect(best?.share).toBeLessThan(0.8);
  });

  test('is none where nothing keeps it', async () => {
    const { best } = await smallestWithin({ least: 0.1, most: 1 }, async () => ({
      result: undefined,
      kept: false,
      lost: null,
    }));
    expect(best).toBeUndefined();
  });
});
