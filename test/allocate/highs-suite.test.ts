import { describe, expect, test } from '@jest/globals';
import { allocationInstance } from '../../bench/allocation-instances.mjs';
import { allocationSuite, largest } from '../../bench/allocation-suite.mjs';
import { highsAllocation } from '../../bench/highs-allocation.mjs';
import { allocate } from '../../src/allocate/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import { slowTest } from '../support/slow.ts';

const suite = allocationSuite(seededRandom);

/** Rounding of sums of 150 amounts, and the gap at which HiGHS ends for real numbers. */
const tolerance = 1e-9;

function agrees({ kind, seed }: (typeof suite)[number]): void {
  const { groups, budgets } = allocationInstance(seededRandom(seed, kind.name), kind);
  const [ours, theirs] = [allocate(groups, budgets), highsAllocation(groups, budgets, { whole: !kind.real })];
  const gap = ours && theirs ? Math.abs(ours.error - theirs.error) / Math.max(theirs.error, 1) : 0;
  expect({ seed, ...kind, found: ours !== undefined, equal: gap <= (kind.real ? tolerance : 0) }).toEqual({
    seed,
    ...kind,
    found: theirs !== undefined,
    equal: true,
  });
  for (const [k, budget] of budgets.entries()) expect(ours?.costs[k] ?? 0).toBeLessThanOrEqual(budget * (1 + 1e-12));
}

/** Of each combination of family, budgets and numbers. */
const quick = 2;
const combinations = suite.length / suite.filter(({ kind }) => isLike(kind, suite[0]?.kind)).length;

function isLike(a: (typeof suite)[number]['kind'], b: typeof a | undefined): boolean {
  return a.name === b?.name && a.budgets === b.budgets && a.real === b.real;
}

describe('allocate and HiGHS on random instances of up to 150 groups of up to 20 options', () => {
  test('are 200 and more, over the whole range of sizes', () => {
    expect(suite.length).toBeGreaterThanOrEqual(200);
    for (const size of ['groups', 'options'] as const) {
      const sizes = suite.map(({ kind }) => kind[size]);
      expect(Math.min(...sizes)).toBeLessThan(largest[size] / 5);
      expect(sizes.filter((one) => one > 0.8 * largest[size]).length).toBeGreaterThan(suite.length / 10);
    }
  });

  test('find the same least error for some of each family, with one budget and two', () => {
    for (const one of suite.slice(0, quick * combinations)) agrees(one);
  }, 120_000);

  slowTest(
    'find the same least error for all of them',
    () => {
      for (const one of suite.slice(quick * combinations)) agrees(one);
    },
    1_200_000,
  );
});
