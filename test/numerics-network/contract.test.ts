import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  plainBlas as blas,
  checkNetwork,
  contract,
  contractSlices,
  gradient,
  parameterCount,
  permuteAxes,
  seededRandom,
  type TensorNetwork,
} from '../../src/numerics/index.ts';
import {
  cpNetwork,
  naiveContraction,
  randomFactors,
  relativeDifference,
  trainNetwork,
  tuckerNetwork,
} from './networks.ts';

/** Rounding of sums of a few hundred products of normal numbers, with a hundredfold margin. */
const ROUNDING = 1e-12;

/** Networks of two to four factors over up to five indices, any of them shared, summed or kept. */
const networks = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 5 }),
    members: fc.array(fc.integer({ min: 1, max: 31 }), { minLength: 2, maxLength: 4 }),
    kept: fc.integer({ min: 0, max: 31 }),
    reversed: fc.boolean(),
  })
  .map(({ sizes, members, kept, reversed }): TensorNetwork => {
    const names = sizes.map((_, i) => 'abcde'[i]!);
    const chosen = (mask: number): string[] => names.filter((_, i) => (mask >> i) & 1);
    const factors = members.map((mask, i) => ({
      name: `F${i}`,
      indices: i % 2 ? chosen(mask).reverse() : chosen(mask),
    }));
    const output = chosen(kept).filter((name) => factors.some(({ indices }) => indices.includes(name)));
    const named = Object.fromEntries(names.map((name, i) => [name, sizes[i]!]));
    return { sizes: named, factors, output: reversed ? output.reverse() : output };
  });

describe('contract', () => {
  test('equals the sum over all assignments for any network, hyperedges and batch indices included', async () => {
    await fc.assert(
      fc.asyncProperty(networks, fc.integer(), async (network, seed) => {
        const factors = randomFactors(network, seededRandom(seed, 'contract'));
        const fast = await contract(network, factors, blas);
        const slow = naiveContraction(network, factors);
        expect(fast.dims).toEqual(slow.dims);
        const scale = naiveContraction(network, absolute(factors)).data;
        for (const [i, value] of slow.data.entries())
          expect(Math.abs(fast.data[i]! - value)).toBeLessThanOrEqual(ROUNDING * scale[i]!);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('is linear in every factor', async () => {
    const network = cpNetwork([2, 5, 4, 3, 2], 3, 'split');
    const random = seededRandom(3, 'linear');
    const factors = randomFactors(network, random);
    const other = randomFactors(network, random);
    for (const { name } of network.factors) {
      const sum = {
        data: factors[name]!.data.map((value, i) => 2 * value - other[name]!.data[i]!),
        dims: factors[name]!.dims,
      };
      const left = (await contract(network, { ...factors, [name]: sum }, blas)).data;
      const first = (await contract(network, factors, blas)).data;
      const second = (await contract(network, { ...factors, [name]: other[name]! }, blas)).data;
      expect(
        relativeDifference(
          left,
          first.map((value, i) => 2 * value - second[i]!),
        ),
      ).toBeLessThan(ROUNDING);
    }
  });

  test('in slices is the same tensor', async () => {
    const network = trainNetwork([2, 7, 5, 3, 2], [4, 3, 5]);
    const factors = randomFactors(network, seededRandom(4, 'slices'));
    const whole = await contract(network, factors, blas);
    const starts: number[] = [];
    for await (const { start, part } of contractSlices(network, factors, 't', 3, blas)) {
      starts.push(start);
      const rows = part.dims[1]!;
      for (let g = 0; g < 2; g++) {
        const expected = whole.data.subarray((g * 7 + start) * 30, (g * 7 + start + rows) * 30);
        expect(relativeDifference(part.data.subarray(g * rows * 30, (g + 1) * rows * 30), expected)).toBeLessThan(
          ROUNDING,
        );
      }
    }
    expect(starts).toEqual([0, 3, 6]);
  });

  test('does not hand out the storage of a factor', async () => {
    const network = { sizes: { a: 3 }, factors: [{ name: 'F', indices: ['a'] }], output: ['a'] };
    const F = { data: Float64Array.of(1, 2, 3), dims: [3] };
    const result = await contract(network, { F }, blas);
    expect(result.data).toEqual(F.data);
    expect(result.data).not.toBe(F.data);
  });
});

describe('a network', () => {
  test('counts the parameters of the published formulas', () => {
    const dims = [1, 7, 5, 3, 4] as const;
    expect(parameterCount(tuckerNetwork(dims, { R3: 2, R4: 6 }))).toBe(5 * 2 + 12 * 2 * 6 + 7 * 6);
    expect(parameterCount(cpNetwork(dims, 9, 'joint'))).toBe(9 * (5 + 7 + 12));
    expect(parameterCount(cpNetwork(dims, 9, 'split'))).toBe(9 * (5 + 7 + 3 + 4));
    expect(parameterCount(trainNetwork(dims, [2, 3, 4]))).toBe(5 * 2 + 3 * 2 * 3 + 4 * 3 * 4 + 7 * 4);
  });

  test.each([
    [
      'a missing size',
      { sizes: {}, factors: [{ name: 'F', indices: ['a'] }], output: ['a'] },
      /"a" needs a positive integer size/,
    ],
    ['a size of zero', { sizes: { a: 0 }, factors: [{ name: 'F', indices: ['a'] }], output: [] }, /not 0/],
    [
      'an output index in no factor',
      { sizes: { a: 2, b: 2 }, factors: [{ name: 'F', indices: ['a'] }], output: ['b'] },
      /"b" stands in no factor/,
    ],
    [
      'an index twice in a factor',
      { sizes: { a: 2 }, factors: [{ name: 'F', indices: ['a', 'a'] }], output: [] },
      /factor F repeat "a"/,
    ],
    [
      'two factors of one name',
      {
        sizes: { a: 2 },
        factors: [
          { name: 'F', indices: ['a'] },
          { name: 'F', indices: ['a'] },
        ],
        output: [],
      },
      /factor names repeat "F"/,
    ],
  ])('with %s is refused', (_, network, message) => {
    expect(() => checkNetwork(network)).toThrow(message);
  });

  test('refuses factors of other dims than it declares', async () => {
    const network = tuckerNetwork([1, 4, 3, 2], { R3: 2, R4: 2 });
    const factors = randomFactors(network, seededRandom(1, 'refused'));
    const wrong = { ...factors, U: { data: new Float64Array(6), dims: [1, 3, 2] } };
    await expect(contract(network, wrong, blas)).rejects.toThrow(/factor U is \[1,3,2\]/);
    const { V, ...incomplete } = factors;
    expect(V).toBeDefined();
    await expect(contract(network, incomplete, blas)).rejects.toThrow(/factor V is missing/);
  });
});

describe('gradient', () => {
  test('of ½‖Ŵ−W‖² agrees with central differences', async () => {
    for (const network of [tuckerNetwork([2, 4, 3, 2], { R3: 2, R4: 3 }), cpNetwork([1, 4, 3, 2, 2], 3, 'split')]) {
      const random = seededRandom(5, 'gradient');
      const factors = randomFactors(network, random);
      const target = naiveContraction(network, randomFactors(network, random));
      const loss = (values: typeof factors): number =>
        naiveContraction(network, values).data.reduce((sum, value, i) => sum + (value - target.data[i]!) ** 2 / 2, 0);
      const { data, dims } = await contract(network, factors, blas);
      const result = await gradient(
        network,
        factors,
        { data: data.map((value, i) => value - target.data[i]!), dims },
        blas,
      );
      for (const { name } of network.factors) {
        // The loss is quadratic along a single entry, so that central differences have no truncation error.
        const h = 0.5;
        const numeric = factors[name]!.data.map((_, at) => {
          const moved = (step: number) => {
            const shifted = factors[name]!.data.map((value, i) => (i === at ? value + step : value));
            return loss({ ...factors, [name]: { data: shifted, dims: factors[name]!.dims } });
          };
          return (moved(h) - moved(-h)) / (2 * h);
        });
        expect(result[name]!.dims).toEqual(factors[name]!.dims);
        expect(relativeDifference(result[name]!.data, numeric)).toBeLessThan(1e-11);
      }
    }
  });

  test('reaches a factor whose index nobody else has', async () => {
    const network = { sizes: { a: 2, r: 3 }, factors: [{ name: 'F', indices: ['a', 'r'] }], output: ['a'] };
    const F = { data: Float64Array.of(1, 2, 3, 4, 5, 6), dims: [2, 3] };
    const result = await gradient(network, { F }, { data: Float64Array.of(10, 20), dims: [2] }, blas);
    expect([...result['F']!.data]).toEqual([10, 10, 10, 20, 20, 20]);
  });
});

describe('permuteAxes', () => {
  test('moves every entry to the permuted multi-index, in either precision', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
        fc.integer(),
        fc.boolean(),
        (dims, seed, single) => {
          const random = seededRandom(seed, 'order');
          const order = dims
            .map((_, axis) => ({ axis, key: random.uniform() }))
            .sort((a, b) => a.key - b.key)
            .map(({ axis }) => axis);
          const length = dims.reduce((product, size) => product * size, 1);
          const values = Array.from({ length }, (_, i) => i);
          const source = { data: single ? Float32Array.from(values) : Float64Array.from(values), dims };
          const result = permuteAxes(source, order);
          expect(result.dims).toEqual(order.map((axis) => dims[axis]));
          expect(result.data.constructor).toBe(source.data.constructor);
          for (let at = 0; at < length; at++) expect(result.data[at]).toBe(sourceOffset(at, dims, order));
        },
      ),
      { numRuns: 200, seed: 2 },
    );
  });

  test('exchanges long axes tile by tile', () => {
    const data = Float64Array.from({ length: 3 * 70 * 45 }, (_, i) => i);
    const result = permuteAxes({ data, dims: [3, 70, 45] }, [2, 0, 1]);
    for (let at = 0; at < data.length; at++) expect(result.data[at]).toBe(sourceOffset(at, [3, 70, 45], [2, 0, 1]));
  });
});

function absolute(factors: ReturnType<typeof randomFactors>): ReturnType<typeof randomFactors> {
  return Object.fromEntries(
    Object.entries(factors).map(([name, { data, dims }]) => [name, { data: data.map(Math.abs), dims }]),
  );
}

/** Offset in the source of the entry that stands at `at` in the permuted array. */
function sourceOffset(at: number, dims: readonly number[], order: readonly number[]): number {
  const position = new Array<number>(dims.length).fill(0);
  let rest = at;
  for (const axis of [...order].reverse()) {
    position[axis] = rest % dims[axis]!;
    rest = Math.floor(rest / dims[axis]!);
  }
  return position.reduce((offset, i, axis) => offset * dims[axis]! + i, 0);
}
