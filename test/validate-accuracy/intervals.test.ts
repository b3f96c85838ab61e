import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bootstrapMean, pairedInterval, wilsonInterval } from '../../src/validate/intervals.ts';

describe('wilsonInterval', () => {
  // R. G. Newcombe, Two-sided confidence intervals for the single proportion, Stat. Med. 17 (1998), table I, method 3.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('gives the published interval of %d in %d', (successes, samples, low, high) => {
    const interval = wilsonInterval(successes, samples);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  test('holds the share, lies in 0 … 1 and mirrors when successes and failures change places', () => {
    const counts = fc
      .integer({ min: 1, max: 10_000 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    fc.assert(
      fc.property(counts, ([successes, samples]) => {
        const [low, high] = wilsonInterval(successes, samples);
        const [mirroredLow, mirroredHigh] = wilsonInterval(samples - successes, samples);
        const share = successes / samples;
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(share + 1e-12);
        expect(high).toBeGreaterThanOrEqual(share - 1e-12);
        expect(mirroredLow).toBeCloseTo(1 - high, 10);
        expect(mirroredHigh).toBeCloseTo(1 - low, 10);
      }),
    );
  });

  test('knows nothing of no samples', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });
});

describe('bootstrapMean', () => {
  test('comes near the normal interval where there are many samples', () => {
    const values = Float64Array.from({ length: 4000 }, (_, k) => ((k * 7919) % 13) - 6);
    const mean = values.reduce((a, b) => a + b) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const standardError = deviation / Math.sqrt(values.length);
    const [low, high] = bootstrapMean(values, { seed: 3 });
    // A quantile of 2000 resamples scatters by √(0.025·0.975/2000)/φ(1.96) ≈ 0.06 standard errors; five times that.
    expect(Math.abs(low - (mean - 1.96 * standardError))).toBeLessThan(0.3 * standardError);
    expect(Math.abs(high - (mean + 1.96 * standardError))).toBeLessThan(0.3 * standardError);
  });

  test('changes little where resampling gives way to the normal interval', () => {
    const widths = [10_000, 10_001].map((length) => {
      const [low, high] = bootstrapMean(
        Float64Array.from({ length }, (_, k) => ((k * 7919) % 13) - 6),
        { seed: 1 },
      );
      return high - low;
    });
    // Each of two quantiles scatters by 0.06 standard errors, the width is 3.92 of them: five times √2·0.06/3.92.
    expect(Math.abs((widths[0] ?? 0) / (widths[1] ?? 0) - 1)).toBeLessThan(0.11);
  });

  test('is the same for the same seed and another for another', () => {
    const values = Float64Array.from({ length: 50 }, (_, k) => Math.sin(k));
    expect(bootstrapMean(values, { seed: 1 })).toEqual(bootstrapMean(values, { seed: 1 }));
    expect(bootstrapMean(values, { seed: 1 })).not.toEqual(bootstrapMean(values, { seed: 2 }));
  });

  test('covers the true mean about as often as it says', () => {
    let covered = 0;
    const runs = 200;
    for (let run = 0; run < runs; run++) {
      const values = Float64Array.from(
        { length: 60 },
        (_, k) => (Math.imul(run * 60 + k + 1, 2654435761) >>> 0) / 2 ** 32,
      );
      const [low, high] = bootstrapMean(values, { seed: run, resamples: 400 });
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    // 95 % of 200 is 190 ± 3.1; multiplicative hashing spreads more evenly than chance, so only too few would be wrong.
    expect(covered).toBeGreaterThan(180);
  });
});

describe('pairedInterval', () => {
  test('does not claim certainty where no pair differs', () => {
    expect(pairedInterval(new Float64Array(300), { seed: 0 })).toEqual([-0.01, 0.01]);
    expect(pairedInterval(new Float64Array(1), { seed: 0 })).toEqual([-1, 1]);
  });

  test('is the bootstrap where pairs differ', () => {
    const differences = Float64Array.from({ length: 100 }, (_, k) => (k < 10 ? -1 : 0));
    expect(pairedInterval(differences, { seed: 5 })).toEqual(bootstrapMean(differences, { seed: 5 }));
  });
});
