import { describe, expect, test } from '@jest/globals';
import {
  plainBlas as blas,
  calibratedTarget,
  correctedBias,
  type HeldBackRows,
  heldBackError,
  type Moments,
  type NdArray,
  validatedTarget,
} from '../../src/numerics/index.ts';
import { correlatedRows, momentsOf, outputsOf, randomKernel } from './random-moments.ts';

const dims = [1, 4, 8, 3] as const;
const original = randomKernel(dims);

function momentsAt(rows: number, heldBack: number, noise: number): Moments {
  const x = correlatedRows(dims, rows);
  return momentsOf(x, outputsOf(original, x, rows, noise), rows, heldBack);
}

async function judge(kernel: NdArray, moments: Moments): Promise<number> {
  return heldBackError(kernel, correctedBias(kernel, moments), moments.heldBack as HeldBackRows, blas);
}

describe('a target whose ridge is judged by rows held back', () => {
  test('errs on them no more than that of the smallest ridge, whatever the number of rows', async () => {
    for (const rows of [60, 120, 400]) {
      const moments = momentsAt(rows, 30, 3);
      const chosen = await judge((await validatedTarget(original, moments, blas)).kernel, moments);
      const smallest = await judge((await calibratedTarget(original, moments, blas)).kernel, moments);
      expect(chosen).toBeLessThanOrEqual(smallest);
    }
  });

  test('stays nearer to the weights where few noisy rows would pull it away', async () => {
    const moments = momentsAt(60, 30, 3);
    const away = async (target: Promise<{ kernel: NdArray }>) => {
      const { data } = (await target).kernel;
      return data.reduce((sum, value, i) => sum + (value - original.data[i]!) ** 2, 0);
    };
    expect(await away(validatedTarget(original, moments, blas))).toBeLessThan(
      0.5 * (await away(calibratedTarget(original, moments, blas))),
    );
  });

  test('takes the smallest ridge without rows to judge by', async () => {
    const moments = { ...momentsAt(100, 30, 1), heldBack: undefined };
    expect(await validatedTarget(original, moments, blas)).toEqual(await calibratedTarget(original, moments, blas));
  });
});
