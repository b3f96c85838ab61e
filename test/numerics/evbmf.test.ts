import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { evbmf, singularValues } from '../../src/numerics/index.ts';
import { multiply } from '../../src/numerics/plain-blas.ts';
import { normalMatrix } from './random-matrices.ts';

interface OracleCase {
  readonly rows: number;
  readonly columns: number;
  readonly values: number[];
  readonly rank: number;
  readonly sigma2: number;
}
const oracle: OracleCase[] = JSON.parse(readFileSync(new URL('../oracle/evbmf.json', import.meta.url), 'utf8'));

/** Singular values of a rank-r matrix plus noise. */
async function noisy(seed: number, rows: number, columns: number, rank: number, noise: number): Promise<Float64Array> {
  const signal =
    rank === 0
      ? new Float64Array(rows * columns)
      : multiply({
          m: rows,
          n: columns,
          k: rank,
          a: normalMatrix(seed, rows, rank),
          b: normalMatrix(seed + 1, rank, columns),
        });
  const added = normalMatrix(seed + 2, rows, columns);
  return singularValues({ data: signal.map((x, at) => x + noise * added[at]!), dims: [rows, columns] });
}

/** The free energy written down a second time, from Nakajima et al. 2013, theorem 4 and corollary 2. */
function freeEnergy(values: Float64Array, rows: number, columns: number, sigma2: number): number {
  const alpha = Math.min(rows, columns) / Math.max(rows, columns);
  const tauBar = 2.5129 * Math.sqrt(alpha);
  const edge = (1 + tauBar) * (1 + alpha / tauBar);
  return values
    .map((s) => Math.max(s, 1e-9 * values[0]!) ** 2 / Math.max(rows, columns) / sigma2)
    .map((x) => {
      const psi = x - Math.log(x);
      if (x <= edge) return psi;
      const tau = (x - 1 - alpha + Math.sqrt((x - 1 - alpha) ** 2 - 4 * alpha)) / 2;
      return psi + Math.log(tau + 1) + alpha * Math.log(tau / alpha + 1) - tau;
    })
    .reduce((total, term) => total + term, 0);
}

const matrices = fc.record({
  seed: fc.nat(1000),
  rows: fc.integer({ min: 2, max: 40 }),
  columns: fc.integer({ min: 2, max: 60 }),
  rank: fc.nat(8),
  noise: fc.constantFrom(0.01, 0.3, 1, 3),
});

describe('evbmf', () => {
  test('reaches the minimum that a search by brute force finds', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, async ({ seed, rows, columns, rank, noise }) => {
        const values = await noisy(seed, rows, columns, Math.min(rank, rows, columns), noise);
        const { sigma2 } = evbmf(values, rows, columns);
        const mean = values.reduce((total, s) => total + s * s, 0) / (rows * columns);
        const found = freeEnergy(values, rows, columns, sigma2);
        // σ² lies between what the smallest half of the values says and the mean square of all entries.
        const short = Math.min(rows, columns);
        const first = Math.min(Math.ceil(short / (1 + short / Math.max(rows, columns))) - 1, short);
        const tail = values.subarray(first).reduce((total, s) => total + s * s, 0);
        const least = tail / (short - first) / Math.max(rows, columns);
        const trials = Array.from({ length: 1501 }, (_, i) => least * (mean / least) ** (i / 1500));
        const best = Math.min(...trials.map((trial) => freeEnergy(values, rows, columns, trial)));
        // Sums of at most 40 terms, each accurate to a few ε of its size.
        expect(found).toBeLessThanOrEqual(best + 1e-12 * Math.max(1, Math.abs(best)));
      }),
      { numRuns: 25 },
    );
  });

  test('gives the same rank whatever the matrix is multiplied by, and σ² with the square of it', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.constantFrom(1e-8, 1e-4, 1e4, 1e8), async (matrix, scale) => {
        const values = await noisy(matrix.seed, matrix.rows, matrix.columns, matrix.rank, matrix.noise);
        const plain = evbmf(values, matrix.rows, matrix.columns);
        const scaled = evbmf(
          values.map((s) => s * scale),
          matrix.rows,
          matrix.columns,
        );
        expect(scaled.rank).toBe(plain.rank);
        // A minimum is flat: its place is known to the root of the rounding, some 1e-7, only.
        expect(scaled.sigma2 / plain.sigma2 / scale ** 2).toBeCloseTo(1, 6);
      }),
      { numRuns: 40 },
    );
  });

  test('gives the transposed matrix the same rank', async () => {
    const values = await noisy(4, 20, 50, 6, 0.5);
    expect(evbmf(values, 50, 20)).toEqual(evbmf(values, 20, 50));
  });

  test('finds rank 5 in an exact rank-5 matrix and in one with a little noise', async () => {
    expect(evbmf(await noisy(1, 64, 576, 5, 0), 64, 576).rank).toBe(5);
    expect(evbmf(await noisy(1, 64, 576, 5, 0.1), 64, 576).rank).toBe(5);
    expect(evbmf(await noisy(1, 40, 40, 5, 0), 40, 40).rank).toBe(5);
  });

  test.each([
    [64, 576],
    [100, 100],
    [16, 400],
  ])('finds nothing in pure noise of %i × %i', async (rows, columns) => {
    expect(evbmf(await noisy(11, rows, columns, 0, 1), rows, columns).rank).toBe(0);
  });

  test('gives rank 0 to a matrix of zeros', () => {
    expect(evbmf(new Float64Array(4), 4, 9)).toEqual({ rank: 0, sigma2: 0, threshold: 0 });
  });

  test('refuses the singular values of another matrix', () => {
    expect(() => evbmf(new Float64Array(3), 4, 9)).toThrow('3 singular values');
  });
});

describe("evbmf with compatibility: 'published'", () => {
  test.each(oracle)('gives rank $rank to a matrix of $rows × $columns', ({ rows, columns, values, rank, sigma2 }) => {
    const result = evbmf(Float64Array.from(values), rows, columns, { compatibility: 'published' });
    expect(result.rank).toBe(rank);
    // The same steps on an objective summed in another order: a flat minimum moves by the root of its rounding.
    expect(Math.abs(result.sigma2 - sigma2)).toBeLessThanOrEqual(1e-9 * sigma2);
  });

  test('has the scale dependence that the default does not have', () => {
    const ranks = (compatibility: boolean) =>
      oracle.map(({ rows, columns, values }) => {
        const s = Float64Array.from(values);
        return (compatibility ? evbmf(s, rows, columns, { compatibility: 'published' }) : evbmf(s, rows, columns)).rank;
      });
    // Every fourth case from the second is one matrix at three scales.
    const spread = (all: number[]) => [4, 8].map((at) => new Set(all.slice(at + 1, at + 4)).size);
    expect(spread(ranks(false))).toEqual([1, 1]);
    expect(spread(ranks(true)).some((count) => count > 1)).toBe(true);
  });
});
