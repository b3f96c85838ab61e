import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { plainBlas as blas, contract, cp, frobeniusNorm, seededRandom, tucker2 } from '../../src/numerics/index.ts';
import { cpNetwork, relativeDifference, tuckerNetwork } from './networks.ts';
import { type KernelRecipe, oracleKernel } from './oracle-kernel.ts';

interface TuckerCase extends KernelRecipe {
  readonly R3: number;
  readonly R4: number;
  readonly norm: number;
  readonly weightError: number;
}

interface CpCase extends KernelRecipe {
  readonly R: number;
  readonly form: 'joint' | 'split';
  readonly norm: number;
  readonly weightErrors: { readonly svd: number; readonly random: number };
}

function readOracle<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../oracle/${name}`, import.meta.url), 'utf8')) as readonly T[];
}

/** parafac was given 2000 sweeps from each of its two starts. */
const EFFORT = { starts: 6, maxSweeps: 1500, tolerance: 1e-7, reseeds: 20 };
const ATTEMPTS = 4;
/** The largest cases take a minute of plain JavaScript products. */
const TIMEOUT = 600_000;

describe('against tensorly', () => {
  test.each(readOracle<TuckerCase>('tucker.json'))(
    'tucker-2 is at most 1e-6 above the error of partial_tucker: [$dims] at $R4, $R3',
    async ({ R3, R4, norm, weightError, ...recipe }) => {
      const kernel = oracleKernel(recipe);
      expect(frobeniusNorm(kernel.data) / norm).toBeCloseTo(1, 12);
      const { factors } = await tucker2(kernel, { R3, R4 }, { blas });
      const { data } = await contract(tuckerNetwork(kernel.dims, { R3, R4 }), factors, blas);
      expect(relativeDifference(data, kernel.data)).toBeLessThanOrEqual(weightError * (1 + 1e-6));
    },
  );

  test.each(readOracle<CpCase>('cp.json'))(
    'cp is at most 1e-6 above the better error of parafac: [$dims] at $R, $form',
    async ({ R, form, norm, weightErrors, ...recipe }) => {
      const kernel = oracleKernel(recipe);
      expect(frobeniusNorm(kernel.data) / norm).toBeCloseTo(1, 12);
      const best = Math.min(weightErrors.svd, weightErrors.random);
      let error = Number.POSITIVE_INFINITY;
      // The error has many local minima: a stream of random numbers that ends in a poor one is followed by another.
      for (let attempt = 0; attempt < ATTEMPTS && error > best * (1 + 1e-6); attempt++) {
        const random = seededRandom(attempt, 'oracle');
        const { factors } = await cp(kernel, R, { blas, random, spatial: form, ...EFFORT });
        const { data } = await contract(cpNetwork(kernel.dims, R, form), factors, blas);
        error = relativeDifference(data, kernel.data);
      }
      expect(error).toBeLessThanOrEqual(best * (1 + 1e-6));
    },
    TIMEOUT,
  );
});
