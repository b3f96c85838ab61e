import { describe, expect, test } from '@jest/globals';
import { allocationInstance, type Kind } from '../../bench/allocation-instances.mjs';
import { highsAllocation } from '../../bench/highs-allocation.mjs';
import { allocate } from '../../src/allocate/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import { integer, pick } from '../support/draws.ts';

const names = ['uncorrelated', 'weak', 'monotone', 'subsetSum', 'equal', 'ranks'] as const;

function agrees(kind: Kind, seed: number): void {
  const { groups, budgets } = allocationInstance(seededRandom(seed, kind.name), kind);
  const found = allocate(groups, budgets);
  expect({ ...kind, seed, error: found?.error, optimal: found?.optimal }).toEqual({
    ...kind,
    seed,
    error: highsAllocation(groups, budgets)?.error,
    optimal: true,
  });
}

describe('allocate and HiGHS', () => {
  test.each(names)('find the same least error within one budget: %s', (name) => {
    for (let seed = 0; seed < 30; seed++) {
      const random = seededRandom(seed, 'sizes');
      agrees({ name, groups: integer(random, 1, 40), options: integer(random, 1, 20) }, seed);
    }
  });

  test.each(names)('find the same least error of 150 groups of 20 options: %s', (name) => {
    agrees({ name, groups: 150, options: 20 }, 1);
  });

  test('find the same least error within two and three budgets', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = seededRandom(seed, 'sizes');
      const name = pick(random, ['uncorrelated', 'monotone', 'ranks'] as const);
      const budgets = integer(random, 2, 3);
      agrees({ name, groups: integer(random, 1, 25), options: integer(random, 1, 12), budgets }, seed);
    }
  });

  test.each([2, 3])('find the same least error of 150 groups of 20 options within %d budgets', (budgets) => {
    agrees({ name: 'ranks', groups: 150, options: 20, budgets }, 1);
  });
});
