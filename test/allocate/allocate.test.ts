import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { allocationInstance, classes } from '../../bench/allocation-instances.mjs';
import { type Allocation, allocate, type Option } from '../../src/allocate/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';

type Groups = readonly (readonly Option[])[];

/** Small whole numbers, so that many sums are equal; and real ones, so that none are. */
const amounts = [fc.nat(6), fc.double({ min: 0, max: 10, noNaN: true })] as const;

const tiny = fc
  .record({ budgets: fc.integer({ min: 1, max: 3 }), amount: fc.constantFrom(...amounts) })
  .chain(({ budgets, amount }) => {
    const option = fc.record({ costs: fc.array(amount, { minLength: budgets, maxLength: budgets }), error: amount });
    return fc.record({
      groups: fc.array(fc.array(option, { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
      budgets: fc.array(fc.oneof(fc.nat(25), fc.constant(Number.POSITIVE_INFINITY)), {
        minLength: budgets,
        maxLength: budgets,
      }),
    });
  });

/** Twice what n sums of n amounts may be off by, relative. */
function roundingOf(groups: Groups): number {
  return 2 * groups.length * Number.EPSILON;
}

function sums(groups: Groups, chosen: readonly number[], budgets: number): { costs: number[]; error: number } {
  const options = groups.map((group, g) => group[chosen[g] as number] as Option);
  return {
    costs: Array.from({ length: budgets }, (_, k) => options.reduce((sum, { costs }) => sum + (costs[k] as number), 0)),
    error: options.reduce((sum, { error }) => sum + error, 0),
  };
}

/** Every allocation within the budgets, by trying all. */
function everyAllocation(groups: Groups, budgets: readonly number[]): { costs: number[]; error: number }[] {
  const choices = groups.reduce<number[][]>(
    (all, group) => all.flatMap((chosen) => group.map((_, i) => [...chosen, i])),
    [[]],
  );
  const slack = 1 + groups.length * Number.EPSILON;
  return choices
    .map((chosen) => sums(groups, chosen, budgets.length))
    .filter(({ costs }) => costs.every((cost, k) => cost <= (budgets[k] as number) * slack));
}

function found(groups: Groups, budgets: readonly number[]): Allocation {
  const allocation = allocate(groups, budgets);
  if (!allocation) throw new Error('nothing was found');
  return allocation;
}

function one(...pairs: readonly (readonly [cost: number, error: number])[]): Option[] {
  return pairs.map(([cost, error]) => ({ costs: [cost], error }));
}

describe('allocate', () => {
  test('is as good as trying everything', () => {
    fc.assert(
      fc.property(tiny, ({ groups, budgets }) => {
        const errors = everyAllocation(groups, budgets).map(({ error }) => error);
        const allocation = allocate(groups, budgets);
        if (errors.length === 0) return expect(allocation).toBeUndefined();
        const least = Math.min(...errors);
        expect(allocation?.optimal).toBe(true);
        expect(allocation?.error).toBeLessThanOrEqual(least * (1 + 1e-12));
      }),
      { numRuns: 1000 },
    );
  });

  test('finds an allocation that just meets every budget, where few do', () => {
    const option = fc.record({ costs: fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }), error: fc.nat(50) });
    const given = fc.array(fc.tuple(fc.array(option, { minLength: 2, maxLength: 5 }), fc.nat()), {
      minLength: 2,
      maxLength: 5,
    });
    fc.assert(
      fc.property(given, (pairs) => {
        const groups = pairs.map(([options]) => options);
        const met = pairs.map(([options, at]) => at % options.length);
        const { costs: budgets } = sums(groups, met, 3);
        const least = Math.min(...everyAllocation(groups, budgets).map(({ error }) => error));
        expect(found(groups, budgets)).toMatchObject({ error: least, optimal: true });
      }),
      { numRuns: 1000 },
    );
  });

  test('takes the cheapest of equally good allocations', () => {
    const whole = fc.record({ costs: fc.tuple(fc.nat(9)), error: fc.nat(4) });
    const groups = fc.array(fc.array(whole, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(groups, fc.nat(30), (given, budget) => {
        const every = everyAllocation(given, [budget]);
        fc.pre(every.length > 0);
        const least = Math.min(...every.map(({ error }) => error));
        const costs = every.filter(({ error }) => error === least).map(({ costs }) => costs[0] as number);
        expect(found(given, [budget]).costs).toEqual([Math.min(...costs)]);
      }),
      { numRuns: 1000 },
    );
  });

  test('says what the chosen options sum to, and stays within every budget', () => {
    fc.assert(
      fc.property(tiny, ({ groups, budgets }) => {
        const allocation = allocate(groups, budgets);
        fc.pre(allocation !== undefined);
        expect(allocation).toMatchObject(sums(groups, allocation.chosen, budgets.length));
        for (const [k, cost] of allocation.costs.entries())
          expect(cost).toBeLessThanOrEqual((budgets[k] as number) * (1 + roundingOf(groups)));
      }),
    );
  });

  test.each(Object.keys(classes) as (keyof typeof classes)[])('errs no more with a larger budget: %s', (name) => {
    const { groups, budgets } = allocationInstance(seededRandom(3, name), { name, groups: 20, options: 10 });
    const errors = [0.7, 0.9, 0.95, 1, 1.05, 1.3].map(
      (share) => allocate(groups, [share * (budgets[0] as number)])?.error ?? Number.POSITIVE_INFINITY,
    );
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
  });

  test('finds the same error and costs in whatever order the groups come', () => {
    for (const name of ['uncorrelated', 'weak', 'ranks'] as const)
      for (const [seed, budgets] of [1, 1, 2, 3].entries()) {
        const kind = { name, groups: 40, options: 8, budgets, real: seed > 0 };
        const instance = allocationInstance(seededRandom(seed, name), kind);
        const turned = instance.groups.map((_, g) => instance.groups[(7 * g + 3) % 40] as Option[]);
        const [a, b] = [found(instance.groups, instance.budgets), found(turned, instance.budgets)];
        expect(Math.abs(a.error - b.error)).toBeLessThanOrEqual(roundingOf(turned) * a.error);
        for (const [k, cost] of a.costs.entries())
          expect(Math.abs(cost - (b.costs[k] as number))).toBeLessThanOrEqual(roundingOf(turned) * cost);
      }
  });

  test('proves its allocation the best for every class of whole numbers, and for real ones that are no sums of weights', () => {
    for (const name of Object.keys(classes) as (keyof typeof classes)[])
      for (const real of name === 'strong' || name === 'subsetSum' ? [false] : [false, true]) {
        const { groups, budgets } = allocationInstance(seededRandom(5, name), { name, groups: 150, options: 20, real });
        expect({ name, real, optimal: allocate(groups, budgets)?.optimal }).toEqual({ name, real, optimal: true });
      }
  });

  test('gives the best that it found where sums lie too dense to be told apart, and says so', () => {
    const kind = { name: 'strong', groups: 30, options: 20, real: true } as const;
    const { groups, budgets } = allocationInstance(seededRandom(1, 'strong'), kind);
    const allocation = found(groups, budgets);
    expect(allocation.costs[0]).toBeLessThanOrEqual((budgets[0] as number) * (1 + roundingOf(groups)));
    // A relaxed allocation stands apart from a whole one by less than one option.
    const dearest = Math.max(...groups.flat().map(({ error }) => error));
    expect(allocation.error - found(groups, [(budgets[0] as number) + 1]).error).toBeLessThan(dearest);
  });

  test('meets a budget that is the sum of costs in another order', () => {
    const costs = [0.1, 0.2, 0.3, 0.4, 0.7, 1e-3];
    const budget = costs.toReversed().reduce((sum, cost) => sum + cost, 0);
    const groups = costs.map((cost) => one([cost, 0], [0, 1]));
    expect(found(groups, [budget])).toMatchObject({ error: 0, chosen: [0, 0, 0, 0, 0, 0] });
  });

  test('tells sums of large whole numbers apart by one', () => {
    const groups = [one([2 ** 40 + 1, 0], [0, 5]), one([2 ** 40, 0], [0, 5])];
    expect(found(groups, [2 ** 41]).error).toBe(5);
    expect(found(groups, [2 ** 41 + 1]).error).toBe(0);
  });

  test('keeps small errors apart beside large ones', () => {
    const groups = [one([0, 1e20], [10, 0]), one([0, 3e-5], [1, 1e-5]), one([0, 2e-5], [1, 1e-5])];
    expect(found(groups, [11])).toMatchObject({ chosen: [1, 1, 0], error: 1e-5 + 2e-5 });
  });

  test('takes the first of equal options', () => {
    expect(found([one([1, 1], [1, 1], [0, 2], [0, 2])], [5]).chosen).toEqual([0]);
    expect(found([one([3, 0], [1, 1], [1, 1])], [2]).chosen).toEqual([1]);
  });

  test('asks for nothing where nothing is to choose', () => {
    expect(allocate([], [3])).toEqual({ chosen: [], costs: [0], error: 0, optimal: true });
    expect(allocate([one([2, 7])], [2])).toEqual({ chosen: [0], costs: [2], error: 7, optimal: true });
    expect(allocate([one([2, 7], [3, 1])], [Number.POSITIVE_INFINITY])).toMatchObject({ chosen: [1], optimal: true });
    expect(
      allocate(
        [
          [
            { costs: [], error: 2 },
            { costs: [], error: 1 },
          ],
        ],
        [],
      ),
    ).toMatchObject({ chosen: [1] });
    expect(allocate([one([0, 7], [1, 1])], [0])).toMatchObject({ chosen: [0], costs: [0] });
  });

  test('takes the cheaper of equal errors by a budget without end too', () => {
    const options = [
      { costs: [5, 1], error: 1 },
      { costs: [4, 1], error: 1 },
    ];
    expect(found([options], [Number.POSITIVE_INFINITY, 3]).chosen).toEqual([1]);
  });

  test('finds nothing where the cheapest options exceed a budget', () => {
    expect(allocate([one([2, 7]), one([1, 0])], [2.9])).toBeUndefined();
    expect(allocate([], [-1])).toBeUndefined();
    const either = [
      { costs: [0, 2], error: 0 },
      { costs: [2, 0], error: 0 },
    ];
    expect(allocate([either], [1, 1])).toBeUndefined();
  });

  test.each([
    ['an empty group', [[]], [1]],
    ['an error that is no number', [one([1, Number.NaN])], [1]],
    ['a cost that is no number', [one([Number.NaN, 1])], [1]],
    ['a negative cost', [one([-1, 1])], [1]],
    ['an error without end', [one([1, Number.POSITIVE_INFINITY])], [1]],
    ['a budget that is no number', [one([1, 1])], [Number.NaN]],
    ['more costs than budgets', [one([1, 1])], []],
  ])('refuses %s', (_, groups, budgets) => {
    expect(() => allocate(groups, budgets)).toThrow(RangeError);
  });
});
