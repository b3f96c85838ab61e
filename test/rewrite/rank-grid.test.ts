import { describe, expect, test } from '@jest/globals';
import type { Decomposition } from '../../src/pass/index.ts';
import { rankGrid } from '../../src/rewrite/rank-grid.ts';

function along(max: number): Decomposition {
  return { axes: [{ name: 'R', max, unfoldings: [['t']] }], factors: [], chain: [], fit: () => Promise.reject() };
}

function ranksOf(max: number, block = 1, most = max): readonly number[] {
  return rankGrid(along(max), block, ({ R = 0 }) => R <= most).map(({ R = 0 }) => R);
}

describe('ranks to try along one axis', () => {
  test('are all there are where they are few', () => {
    expect(ranksOf(40)).toEqual(Array.from({ length: 40 }, (_, place) => place + 1));
    expect(ranksOf(40, 8)).toEqual([8, 16, 24, 32, 40]);
  });

  test.each([100, 300, 577, 2304])('are at most 64 of %d: the ends, and rising', (max) => {
    const ranks = ranksOf(max);
    expect(ranks.length).toBeLessThanOrEqual(64);
    expect([ranks[0], ranks.at(-1)]).toEqual([1, max]);
    expect(ranks).toEqual([...new Set(ranks)].sort((a, b) => a - b));
  });

  test.each([300, 577, 2304])(
    'are round where there are many: of %d a multiple of 16 is near every rank from 64 on',
    (max) => {
      const round = ranksOf(max).filter((rank) => rank % 16 === 0);
      for (let rank = 64; rank <= max - 16; rank++)
        expect(Math.min(...round.map((other) => Math.abs(Math.log(other / rank))))).toBeLessThan(0.25);
    },
  );

  test('end where they are not worth it any more', () => {
    expect(ranksOf(300, 4, 101).at(-1)).toBe(100);
  });
});
