import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type GemmOptions, plainBlas, type RealArray, seededRandom } from '../../src/numerics/index.ts';
import { createBlas } from '../../src/runtime/index.ts';

const one = createBlas({ threads: 1 });
const two = createBlas({ threads: 2 });

/** Multiplications of one product: keeps the largest combinations of sizes from taking minutes. */
const largest = 1e8;

const shapes = fc
  .record({
    m: fc.oneof(fc.constantFrom(1, 2, 3, 31, 32, 33, 2048), fc.integer({ min: 1, max: 300 })),
    n: fc.oneof(fc.constantFrom(1, 2, 16, 17, 64, 512, 576, 2048, 2100), fc.integer({ min: 1, max: 300 })),
    k: fc.oneof(fc.constantFrom(1, 128, 129, 257, 5000), fc.integer({ min: 1, max: 300 })),
    transA: fc.boolean(),
    transB: fc.boolean(),
    narrowA: fc.boolean(),
    narrowB: fc.boolean(),
    seed: fc.integer(),
  })
  .map((shape) => ({ ...shape, k: Math.max(1, Math.min(shape.k, Math.floor(largest / (shape.m * shape.n)))) }));

function random(length: number, narrow: boolean, seed: string): RealArray {
  const source = seededRandom(0, seed);
  const data = narrow ? new Float32Array(length) : new Float64Array(length);
  for (let i = 0; i < length; i++) data[i] = source.uniform() - 0.5;
  return data;
}

function problem({
  m,
  n,
  k,
  transA,
  transB,
  narrowA,
  narrowB,
  seed,
}: typeof shapes extends fc.Arbitrary<infer S> ? S : never) {
  const a = random(m * k, narrowA, `a${seed}`);
  const b = random(k * n, narrowB, `b${seed}`);
  return { m, n, k, a, b, transA, transB } satisfies GemmOptions;
}

/** Largest |x − y| over all elements. */
function distance(x: RealArray, y: RealArray): number {
  expect(x.length).toBe(y.length);
  let most = 0;
  for (let i = 0; i < x.length; i++) most = Math.max(most, Math.abs((x[i] as number) - (y[i] as number)));
  return most;
}

function sameBits(x: RealArray, y: RealArray): boolean {
  return Buffer.from(x.buffer).equals(Buffer.from(y.buffer));
}

describe('createBlas', () => {
  it('agrees with plain loops within the rounding of a sum of k terms', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (shape) => {
        const options = problem(shape);
        const expected = await plainBlas.gemm64(options);
        // |fl(xᵀy) − xᵀy| ≤ k·u·|x|ᵀ|y| ≤ k·u·k/4 for each of the two sums (entries at most 1/2).
        const bound = (unit: number) => (2 * unit * shape.k ** 2) / 4;
        expect(distance(await one.gemm64(options), expected)).toBeLessThanOrEqual(bound(2 ** -53));
        expect(distance(await one.gemm32(options), expected)).toBeLessThanOrEqual(bound(2 ** -24) + shape.k * 2 ** -24);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same bits with one and with two threads, for vectors and odd shapes too', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (shape) => {
        const options = problem(shape);
        expect(sameBits(await two.gemm64(options), await one.gemm64(options))).toBe(true);
        expect(sameBits(await two.gemm32(options), await one.gemm32(options))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('loses nothing of float32 operands in a float64 product, also where it works in tiles', async () => {
    // 8200 terms are two stretches of 2^13, 600 rows of them two tiles of 2^22 numbers.
    const shape = { k: 8200, narrowA: true, narrowB: true, seed: 1 };
    for (const [m, n, transA, transB] of [
      [600, 20, false, false],
      [20, 600, false, false],
      [20, 600, false, true],
      [600, 20, true, false],
      [600, 600, true, true],
    ] as const) {
      const options = problem({ ...shape, m, n, transA, transB });
      const wide = { ...options, a: Float64Array.from(options.a), b: Float64Array.from(options.b) };
      const bound = 2 ** -53 * shape.k * (shape.k / 4) * 2;
      expect(distance(await one.gemm64(options), await one.gemm64(wide))).toBeLessThanOrEqual(bound);
    }
  });

  it('keeps products apart that are asked for at the same time', async () => {
    const problems = [3, 4, 5].map((seed) =>
      problem({ m: 50, n: 60, k: 70, transA: false, transB: false, narrowA: true, narrowB: true, seed }),
    );
    const apart = [];
    for (const options of problems) apart.push(await one.gemm64(options));
    expect(await Promise.all(problems.map((options) => one.gemm64(options)))).toEqual(apart);
  });

  it('puts a result into the array that is given for it, whatever it held', async () => {
    // Too many columns for one tile, so that parts are added up; then a product as a whole.
    for (const [k, narrow] of [
      [20_000, true],
      [300, false],
    ] as const) {
      const options = { m: 20, n: 300, k, a: random(20 * k, narrow, 'a'), b: random(k * 300, narrow, 'b') };
      const into = new Float64Array(20 * 300).fill(Number.NaN);
      expect(await one.gemm64(options, into)).toBe(into);
      expect(sameBits(into, await one.gemm64(options))).toBe(true);
    }
  });

  it('refuses operands of the wrong length', async () => {
    const options = { m: 100, n: 100, k: 100, a: new Float64Array(10), b: new Float64Array(10_000) };
    await expect(one.gemm64(options)).rejects.toThrow('operands hold 10 and 10000 numbers');
  });
});
