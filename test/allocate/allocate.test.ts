import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import highs from 'highs';
import { type Allocation, allocate, type Option } from '../../src/allocate/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';

type Groups = readonly (readonly Option[])[];

/** Whole numbers, so that a solver with tolerances and sums of doubles mean the same. */
const option = (budgets: number) =>
  fc.record({
    costs: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: budgets, maxLength: budgets }),
    error: fc.integer({ min: 0, max: 30 }),
  });

const instance = fc.integer({ min: 1, max: 3 }).chain((budgets) =>
  fc.record({
    groups: fc.array(fc.array(option(budgets), { minLength: 1, maxLength: 4 }), { minLength: 0, maxLength: 5 }),
    budgets: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: budgets, maxLength: budgets }),
  }),
);

describe('allocate', () => {
  test('finds what trying everything finds', () => {
    fc.assert(
      fc.property(instance, ({ groups, budgets }) => {
        expect(allocate(groups, budgets)?.error).toBe(bruteForce(groups, budgets));
      }),
      { numRuns: 500 },
    );
  });

  test('says what its choice costs, and keeps every budget', () => {
    fc.assert(
      fc.property(instance, ({ groups, budgets }) => {
        const found = allocate(groups, budgets);
        fc.pre(found !== undefined);
        const { chosen, costs, error } = found as Allocation;
        const picked = chosen.map((j, g) => groups[g]?.[j] as Option);
        expect(error).toBe(picked.reduce((sum, { error }) => sum + error, 0));
        for (const [k, budget] of budgets.entries()) {
          expect(costs[k]).toBe(picked.reduce((sum, { costs }) => sum + (costs[k] ?? 0), 0));
          expect(costs[k]).toBeLessThanOrEqual(budget);
        }
      }),
    );
  });

  test('never gets worse when a budget grows, and does not mind in which order nodes come', () => {
    fc.assert(
      fc.property(instance, fc.nat(20), ({ groups, budgets }, more) => {
        const found = allocate(groups, budgets);
        const wider = allocate(
          groups,
          budgets.map((budget) => budget + more),
        );
        if (found) expect(wider?.error).toBeLessThanOrEqual(found.error);
        expect(allocate(groups.toReversed(), budgets)?.error).toBe(found?.error);
      }),
    );
  });

  test('takes a budget that is met exactly as met, also where sums of doubles are a little off', () => {
    const tenth: Option[] = [
      { costs: [0.1], error: 1 },
      { costs: [0], error: 2 },
    ];
    expect(allocate([tenth, tenth, tenth], [0.3])?.error).toBe(3);
  });

  test('counts no budget of Infinity, and needs no groups', () => {
    const groups = [
      [
        { costs: [5, 1], error: 0 },
        { costs: [1, 1], error: 3 },
      ],
    ];
    expect(allocate(groups, [Number.POSITIVE_INFINITY, 1])?.chosen).toEqual([0]);
    expect(allocate([], [1])).toEqual({ chosen: [], costs: [0], error: 0, optimal: true });
  });

  test('takes the cheaper of two choices with the same error', () => {
    expect(
      allocate(
        [
          [
            { costs: [2], error: 1 },
            { costs: [1], error: 1 },
          ],
        ],
        [5],
      )?.chosen,
    ).toEqual([1]);
  });

  test('finds nothing where even the cheapest options exceed a budget', () => {
    expect(allocate([[{ costs: [2], error: 0 }]], [1])).toBeUndefined();
  });

  test.each([
    ['an empty group', [[]], [1]],
    ['NaN', [[{ costs: [Number.NaN], error: 0 }]], [1]],
    ['an infinite error', [[{ costs: [1], error: Number.POSITIVE_INFINITY }]], [1]],
    ['another number of costs', [[{ costs: [1, 2], error: 0 }]], [1]],
    ['a budget below 0', [[{ costs: [1], error: 0 }]], [-1]],
  ])('refuses %s', (_, groups, budgets) => {
    expect(() => allocate(groups as Groups, budgets)).toThrow(RangeError);
  });
});

/** Classes of Pisinger (1995), 3.1: how costs and gains hang together decides how hard an instance is. */
const classes = ['uncorrelated', 'weakly correlated', 'strongly correlated', 'subset sum', 'curves'] as const;

describe('allocate against HiGHS', () => {
  const sizes = [
    [5, 3],
    [10, 5],
    [20, 10],
    [40, 10],
    [80, 20],
    [150, 20],
  ] as const;

  test('reaches the optimum of 200 random instances up to 150 × 20', async () => {
    const solver = await highs();
    for (let i = 0; i < 200; i++) {
      const [count, options] = sizes[i % 5 === 4 && i % 4 === 3 ? 5 : i % 5] as (typeof sizes)[number];
      const kind = classes[Math.floor(i / 5) % classes.length] as (typeof classes)[number];
      const budgets = i % 7 === 6 ? 2 : 1;
      const drawn = draw(kind, budgets === 2 ? Math.min(count, 40) : count, options, budgets, i);
      const found = allocate(drawn.groups, drawn.budgets);
      const expected = solve(solver, drawn.groups, drawn.budgets);
      expect({ i, kind, count, error: found?.error, optimal: found?.optimal }).toEqual({
        i,
        kind,
        count,
        error: expected,
        optimal: true,
      });
    }
  }, 240_000);
});

function draw(kind: (typeof classes)[number], count: number, size: number, budgets: number, seed: number) {
  const random = seededRandom(seed, 'allocate');
  const whole = (most: number) => Math.floor(random.uniform() * most);
  const groups = Array.from({ length: count }, () => {
    const scale = 100 + whole(900);
    return Array.from({ length: size }, (_, j) => {
      const costs = Array.from({ length: budgets }, () => whole(1000));
      const [cost = 0] = costs;
      if (kind === 'uncorrelated') return { costs, error: whole(1000) };
      if (kind === 'weakly correlated') return { costs, error: Math.max(0, 1000 - cost + whole(200) - 100) };
      if (kind === 'strongly correlated') return { costs, error: cost === 0 ? 1010 : 1000 - cost };
      if (kind === 'subset sum') return { costs, error: 1000 - cost };
      const share = (j + 1) / size;
      return {
        costs: costs.map(() => Math.round(scale * share)),
        error: Math.round((scale * random.uniform()) / share),
      };
    });
  });
  const limits = Array.from({ length: budgets }, (_, k) => {
    const least = sum(groups.map((options) => Math.min(...options.map(({ costs }) => costs[k] ?? 0))));
    const most = sum(groups.map((options) => Math.max(...options.map(({ costs }) => costs[k] ?? 0))));
    return Math.floor(least + (most - least) * (0.2 + 0.5 * random.uniform()));
  });
  return { groups, budgets: limits };
}

function solve(solver: Awaited<ReturnType<typeof highs>>, groups: Groups, budgets: readonly number[]) {
  const name = (g: number, j: number) => `x${g}_${j}`;
  const terms = (value: (option: Option) => number) =>
    groups.map((options, g) => options.map((option, j) => `${value(option)} ${name(g, j)}`).join(' + ')).join('\n + ');
  const text = [
    'Minimize',
    ` obj: ${terms(({ error }) => error)}`,
    'Subject To',
    ...groups.map((options, g) => ` g${g}: ${options.map((_, j) => name(g, j)).join(' + ')} = 1`),
    ...budgets.map((budget, k) => ` b${k}: ${terms(({ costs }) => costs[k] ?? 0)} <= ${budget}`),
    'Binary',
    ...groups.map((options, g) => ` ${options.map((_, j) => name(g, j)).join(' ')}`),
    'End',
  ].join('\n');
  const { Status, ObjectiveValue } = solver.solve(text, { mip_rel_gap: 0, mip_abs_gap: 0 });
  return Status === 'Optimal' ? Math.round(ObjectiveValue) : undefined;
}

function bruteForce(groups: Groups, budgets: readonly number[]): number | undefined {
  let best: number | undefined;
  const visit = (g: number, costs: readonly number[], error: number): void => {
    if (costs.some((cost, k) => cost > (budgets[k] ?? 0))) return;
    const options = groups[g];
    if (!options) {
      if (best === undefined || error < best) best = error;
      return;
    }
    for (const option of options)
      visit(
        g + 1,
        costs.map((cost, k) => cost + (option.costs[k] ?? 0)),
        error + option.error,
      );
  };
  visit(
    0,
    budgets.map(() => 0),
    0,
  );
  return best;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
