import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { plainBlas as blas, contract, cp, frobeniusNorm, seededRandom } from '../../src/numerics/index.ts';
import { cpNetwork, relativeDifference } from './networks.ts';
import { type KernelRecipe, oracleKernel } from './oracle-kernel.ts';

export interface CpCase extends KernelRecipe {
  readonly R: number;
  readonly form: 'joint' | 'split';
  readonly norm: number;
  readonly weightErrors: { readonly svd: number; readonly random: number };
}

export function readOracle<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../oracle/${name}`, import.meta.url), 'utf8')) as readonly T[];
}

/** Cases that take plain JavaScript products seconds, and those that take minutes. */
export function cpCases(size: 'small' | 'large'): readonly CpCase[] {
  const isSmall = ({ dims, R }: CpCase) => dims.reduce((product, dim) => product * dim, R) <= largestSmall;
  return readOracle<CpCase>('cp.json').filter((item) => isSmall(item) === (size === 'small'));
}

const largestSmall = 20_000;

/** parafac was given 2000 sweeps from each of its two starts. */
const effort = { starts: 6, maxSweeps: 1500, tolerance: 1e-7, reseeds: 20 };
const attempts = 4;

/** The error has many local minima: a stream of random numbers that ends in a poor one is followed by another. */
export async function expectAtMostParafac({ R, form, norm, weightErrors, ...recipe }: CpCase): Promise<void> {
  const kernel = oracleKernel(recipe);
  expect(frobeniusNorm(kernel.data) / norm).toBeCloseTo(1, 12);
  const best = Math.min(weightErrors.svd, weightErrors.random);
  let error = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts && error > best * (1 + 1e-6); attempt++) {
    const random = seededRandom(attempt, 'oracle');
    const { factors } = await cp(kernel, R, { blas, random, spatial: form, ...effort });
    const { data } = await contract(cpNetwork(kernel.dims, R, form), factors, blas);
    error = relativeDifference(data, kernel.data);
  }
  expect(error).toBeLessThanOrEqual(best * (1 + 1e-6));
}
