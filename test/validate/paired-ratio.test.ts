import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../src/numerics/index.ts';
import { pairedRatio } from '../../src/validate/paired-ratio.ts';

describe('pairedRatio', () => {
  it('cuts off as many ratios at each end as the tables of the sign test say', () => {
    // Conover, Practical Nonparametric Statistics, table A3: ranks of the 95 % interval of a median.
    for (const [count, rank] of [
      [5, 1],
      [6, 1],
      [9, 2],
      [10, 2],
      [20, 6],
      [30, 10],
      [50, 18],
      [100, 40],
    ] as const) {
      const ratios = Float64Array.from({ length: count }, (_, i) => i + 1);
      const { ci95 } = pairedRatio(ratios, new Float64Array(count).fill(1));
      expect([count, ...ci95]).toEqual([count, rank, count + 1 - rank]);
    }
  });

  it('is not moved by what slows both halves of a pair', () => {
    const slowdowns = [1, 5, 1, 30, 2, 1, 1, 9];
    const { ratio, ci95 } = pairedRatio(
      Float64Array.from(slowdowns, (s) => 4 * s),
      Float64Array.from(slowdowns, (s) => 2 * s),
    );
    expect([ratio, ...ci95]).toEqual([2, 2, 2]);
  });

  it('covers the true ratio in about 95 of 100 experiments', () => {
    const random = seededRandom(7, 'coverage');
    let covered = 0;
    const experiments = 2000;
    for (let i = 0; i < experiments; i++) {
      const after = Float64Array.from({ length: 30 }, () => Math.exp(0.3 * random.normal()));
      const before = after.map((time) => 1.7 * time * Math.exp(0.2 * random.normal()));
      const [low, high] = pairedRatio(before, after).ci95;
      if (low <= 1.7 && 1.7 <= high) covered++;
    }
    // Exactly 95.7 % for 30 pairs; four standard deviations of the count are 1.8 %.
    expect(covered / experiments).toBeGreaterThan(0.957 - 0.018);
    expect(covered / experiments).toBeLessThan(0.957 + 0.018);
  });
});
