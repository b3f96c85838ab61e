import { describe, expect, test } from '@jest/globals';
import { blockedCholesky, blockedInverse, leastSquares, plainBlas, removalOrder } from '../../src/numerics/index.ts';
import { multiply } from '../../src/numerics/plain-blas.ts';
import { identity, largestDifference, normalMatrix } from './random-matrices.ts';

const blas = plainBlas;

/** A reader of `units` units with `perUnit` columns each, on rows of random data that hang together. */
function reader(seed: number, units: number, perUnit: number, outputs: number) {
  const P = units * perUnit;
  const rows = 3 * P;
  const mixed = multiply({ m: rows, n: P, k: P, a: normalMatrix(seed, rows, P), b: normalMatrix(seed + 1, P, P) });
  const gram = multiply({ m: P, n: P, k: rows, a: mixed, b: mixed, transA: true });
  const kernel = normalMatrix(seed + 2, outputs, P);
  const columns = Array.from({ length: units }, (_, unit) =>
    Array.from({ length: perUnit }, (_, k) => unit * perUnit + k),
  );
  return { gram, kernel, columns, weight: 1, mixed, rows, P, outputs };
}

/** min over Ŵ of ‖X·(W − Ŵ)ᵀ‖² where the columns of some units of Ŵ are zero, by least squares on the rows. */
async function bestRepair({ mixed, rows, P, outputs, kernel, columns }: ReturnType<typeof reader>, gone: number[]) {
  const dropped = new Set(gone.flatMap((unit) => columns[unit] as number[]));
  const kept = Array.from({ length: P }, (_, p) => p).filter((p) => !dropped.has(p));
  const a = Float64Array.from({ length: rows * kept.length }, (_, at) => {
    const [row, k] = [Math.floor(at / kept.length), at % kept.length];
    return mixed[row * P + (kept[k] as number)] as number;
  });
  const b = multiply({ m: rows, n: outputs, k: P, a: mixed, b: kernel, transB: true });
  const x = await leastSquares({ a, b, m: rows, n: kept.length, columns: outputs });
  const fitted = multiply({ m: rows, n: outputs, k: kept.length, a, b: x });
  return fitted.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0);
}

/** ‖X·(W − Ŵ)ᵀ‖². */
function strayed({ mixed, rows, P, outputs, kernel }: ReturnType<typeof reader>, repaired: Float64Array): number {
  const b = kernel.map((value, i) => value - (repaired[i] as number));
  return multiply({ m: rows, n: outputs, k: P, a: mixed, b, transB: true }).reduce((sum, value) => sum + value ** 2, 0);
}

describe('removalOrder', () => {
  test('each loss is that of the best repair of what is left', async () => {
    const one = reader(1, 6, 3, 4);
    const { units, losses } = await removalOrder([one], { blas });
    for (const [i, loss] of losses.slice(0, -1).entries()) {
      const wanted = await bestRepair(one, units.slice(0, i + 1));
      expect(Math.abs(loss - wanted)).toBeLessThan(1e-8 * wanted);
    }
  });

  test('of all units the cheapest goes first', async () => {
    const one = reader(4, 5, 2, 3);
    const { units } = await removalOrder([one], { blas, most: 1 });
    const repairs = await Promise.all(one.columns.map((_, unit) => bestRepair(one, [unit])));
    expect(repairs[units[0] as number]).toBe(Math.min(...repairs));
  });

  test('losses of several readers add up by their weights, and never fall', async () => {
    const [a, b] = [reader(7, 4, 1, 2), { ...reader(8, 4, 4, 3), weight: 0.25 }];
    const seen: { kernels: readonly Float64Array[]; parts: readonly number[] }[] = [];
    const stops = {
      at: [1, 2, 3],
      see: async (_: number, kernels: readonly Float64Array[], parts: readonly number[]) =>
        void seen.push({ kernels, parts }),
    };
    const { units, losses } = await removalOrder([a, b], { blas, stops });
    expect(new Set(units)).toEqual(new Set([0, 1, 2, 3]));
    for (const [i, loss] of losses.slice(0, -1).entries()) {
      const gone = units.slice(0, i + 1);
      const wanted = (await bestRepair(a, gone)) + 0.25 * (await bestRepair(b, gone));
      expect(Math.abs(loss - wanted)).toBeLessThan(1e-8 * wanted);
      expect(loss).toBeGreaterThanOrEqual(losses[i - 1] ?? 0);
      const { kernels = [], parts = [] } = seen[i] ?? {};
      const [first = Number.NaN, second = Number.NaN] = parts;
      expect(Math.abs(first - (await bestRepair(a, gone)))).toBeLessThan(1e-8 * wanted);
      expect(Math.abs(first + second - loss)).toBeLessThan(1e-12 * loss);
      expect(Math.abs(strayed(a, kernels[0] as Float64Array) - first)).toBeLessThan(1e-8 * wanted);
    }
  });

  test('tells what a given order costs', async () => {
    const one = reader(11, 5, 2, 3);
    const { units, losses } = await removalOrder([one], { blas, given: [3, 0, 4] });
    expect(units).toEqual([3, 0, 4]);
    for (const [i, loss] of losses.entries()) {
      const wanted = await bestRepair(one, units.slice(0, i + 1));
      expect(Math.abs(loss - wanted)).toBeLessThan(1e-8 * wanted);
    }
  });

  test('units that nobody reads, and copies of others, go first and cost nothing', async () => {
    const { gram, kernel, columns } = reader(14, 6, 1, 3);
    const P = 6;
    // Unit 2 is the same number as unit 5; unit 1 has no weights.
    const copied = Float64Array.from(gram, (_, at) => {
      const [i, j] = [Math.floor(at / P), at % P].map((p) => (p === 2 ? 5 : p)) as [number, number];
      return (gram[i * P + j] as number) + (Math.floor(at / P) === at % P ? 1e-9 * (gram[0] as number) : 0);
    });
    const unread = kernel.map((value, at) => (at % P === 1 ? 0 : value));
    const { units, losses } = await removalOrder([{ gram: copied, kernel: unread, columns, weight: 1 }], { blas });
    expect(units[0]).toBe(1);
    expect([2, 5]).toContain(units[1]);
    expect(losses[0]).toBe(0);
    expect(losses[1]).toBeLessThan(1e-6 * (losses[2] as number));
  });

  test('a wide reader, whose units go in rounds, loses what its repairs cost, and less than others would', async () => {
    const wide = reader(17, 90, 8, 2);
    const rounds = await removalOrder([wide], { blas, most: 45 });
    const told = await removalOrder([wide], { blas, given: rounds.units });
    const [last, same] = [rounds.losses.at(-1) as number, told.losses.at(-1) as number];
    expect(Math.abs(last - same)).toBeLessThan(1e-6 * same);
    const others = await removalOrder([wide], { blas, given: rounds.units.map((unit) => 89 - unit) });
    expect(last).toBeLessThan(others.losses.at(-1) as number);
  }, 60_000);
});

describe('blockedInverse', () => {
  test.each([1, 7, 96, 97, 250])('of order %i: times the matrix it is the identity, and it is symmetric', async (n) => {
    const x = normalMatrix(20, n + 5, n);
    const gram = multiply({ m: n, n, k: n + 5, a: x, b: x, transA: true });
    for (let i = 0; i < n; i++) gram[i * n + i] = (gram[i * n + i] as number) + n;
    const inverse = await blockedInverse(await blockedCholesky(gram, n, blas), blas);
    expect(largestDifference(multiply({ m: n, n, k: n, a: gram, b: inverse }), identity(n))).toBeLessThan(1e-12);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(inverse[i * n + j]).toBe(inverse[j * n + i]);
  });
});
