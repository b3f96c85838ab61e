import { describe, expect, test } from '@jest/globals';
import {
  plainBlas as blas,
  calibratedTarget,
  correctedBias,
  fitError,
  heldBackError,
  leastSquares,
  type NdArray,
  predictedOutputError,
} from '../../src/numerics/index.ts';
import { correlatedRows, momentsOf, outputsOf, randomKernel } from './random-moments.ts';

const shapes = [
  [1, 5, 6],
  [2, 4, 3, 3],
  [3, 3, 2, 2, 2],
] as const;

/** Entries of G are float32: whatever is compared with float64 rows agrees to that. */
const FLOAT32 = 1e-5;

describe.each(shapes.map((dims) => ({ dims })))('moments of a kernel [$dims]', ({ dims }) => {
  const [groups, T] = dims;
  const original = randomKernel(dims);
  const P = original.data.length / groups / T;
  const rows = 300;
  const x = correlatedRows(dims, rows);
  const y = outputsOf(original, x, rows, 0.5);
  const moments = momentsOf(x, y, rows, 60);
  const other = randomKernel(dims, 2);

  test('a target of outputs that the kernel gives itself is the kernel', async () => {
    const own = momentsOf(x, outputsOf(original, x, rows), rows);
    const { kernel } = await calibratedTarget(original, own, blas);
    for (const [i, value] of kernel.data.entries()) expect(value).toBeCloseTo(original.data[i]!, 3);
  });

  test('the target solves the ridge problem on the rows themselves', async () => {
    const { kernel, metric } = await calibratedTarget(original, moments, blas, { ridge: 1e-2 });
    for (let g = 0; g < groups; g++) {
      const gram = moments.groups[g]!.gram;
      let trace = 0;
      for (let p = 0; p < P; p++) trace += gram[p * P + p]!;
      const lambda = (1e-2 * trace) / P;
      // ‖(X − x̄)·Δᵀ − ((Y − ȳ) − (X − x̄)·Wᵀ)‖²/n + λ‖Δ‖² over Δ.
      const used = moments.rows;
      const a = new Float64Array(used * P);
      const b = new Float64Array(used * T);
      const { meanX, meanY } = moments.groups[g]!;
      for (let row = 0; row < used; row++) {
        for (let p = 0; p < P; p++) a[row * P + p] = x[g]![row * P + p]! - meanX[p]!;
        for (let t = 0; t < T; t++) {
          let rest = y[g]![row * T + t]! - meanY[t]!;
          for (let p = 0; p < P; p++) rest -= a[row * P + p]! * original.data[(g * T + t) * P + p]!;
          b[row * T + t] = rest;
        }
      }
      const delta = await leastSquares({ a, b, m: used, n: P, columns: T }, { ridge: lambda * used });
      for (let t = 0; t < T; t++) {
        for (let p = 0; p < P; p++) {
          const at = (g * T + t) * P + p;
          expect(Math.abs(kernel.data[at]! - original.data[at]! - delta[p * T + t]!)).toBeLessThan(1e-4);
        }
      }
      for (let p = 0; p < P; p++) expect(metric.grams[g]![p * P + p]! - gram[p * P + p]!).toBeCloseTo(lambda, 3);
    }
  });

  test('the corrected bias makes the predicted error that of the rows', async () => {
    const bias = correctedBias(other, moments);
    const { error, variance } = squares(other, bias, 0, moments.rows);
    expect((await predictedOutputError(other, moments, blas)) / (error / variance)).toBeCloseTo(1, 4);
  });

  test('the fit error is that of the rows, against the target', async () => {
    const difference = { data: other.data.map((value, i) => value - original.data[i]!), dims };
    let [error, variance] = [0, 0];
    for (let g = 0; g < groups; g++) {
      variance += moments.groups[g]!.varianceY.reduce((sum, value) => sum + value, 0);
      const { meanX } = moments.groups[g]!;
      for (let row = 0; row < moments.rows; row++) {
        for (let t = 0; t < T; t++) {
          let value = 0;
          for (let p = 0; p < P; p++) {
            value += (x[g]![row * P + p]! - meanX[p]!) * difference.data[(g * T + t) * P + p]!;
          }
          error += value ** 2 / moments.rows;
        }
      }
    }
    expect((await fitError(other, original, moments, blas)) / (error / variance)).toBeCloseTo(1, 4);
    expect(await fitError(original, original, moments, blas)).toBe(0);
  });

  test('the held back error is that of rows that no moment has seen', async () => {
    const bias = correctedBias(original, moments);
    const { error, variance } = squares(original, bias, moments.rows, rows);
    const found = await heldBackError(original, bias, moments.heldBack!, blas);
    expect(found / (error / variance)).toBeCloseTo(1, 9);
    expect(found).toBeLessThan(0.2);
  });

  test('no kernel of the same rows predicts a smaller error than the target without a ridge', async () => {
    const { kernel } = await calibratedTarget(original, moments, blas, { ridge: 1e-8 });
    const least = await predictedOutputError(kernel, moments, blas);
    for (const seed of [3, 4, 5]) {
      const noise = randomKernel(dims, seed);
      const near = { data: kernel.data.map((value, i) => value + 0.05 * noise.data[i]!), dims };
      expect(await predictedOutputError(near, moments, blas)).toBeGreaterThan(least - FLOAT32);
    }
  });

  /** Σ‖ŷ − y‖² and Σ‖y − ȳ‖² over some rows, by definition. */
  function squares(kernel: NdArray, bias: Float64Array, from: number, to: number) {
    let [error, variance] = [0, 0];
    for (let g = 0; g < groups; g++) {
      for (let t = 0; t < T; t++) {
        let mean = 0;
        for (let row = from; row < to; row++) mean += y[g]![row * T + t]! / (to - from);
        for (let row = from; row < to; row++) {
          let value = bias[g * T + t]! - y[g]![row * T + t]!;
          for (let p = 0; p < P; p++) value += x[g]![row * P + p]! * kernel.data[(g * T + t) * P + p]!;
          error += value ** 2;
          variance += (y[g]![row * T + t]! - mean) ** 2;
        }
      }
    }
    return { error, variance };
  }
});

describe('degenerate moments', () => {
  const dims = [1, 3, 4] as const;
  const kernel = randomKernel(dims);

  test('inputs that never vary keep the kernel, with the identity as metric', async () => {
    const x = [new Float32Array(20 * 4).fill(2)];
    const moments = momentsOf(x, outputsOf(kernel, x, 20), 20);
    const target = await calibratedTarget(kernel, moments, blas);
    expect(target.kernel.data).toEqual(kernel.data);
    expect([...target.metric.grams[0]!]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  });

  test('a dead input keeps its weights', async () => {
    const x = correlatedRows(dims, 100).map((data) => data.map((value, at) => (at % 4 === 2 ? 0 : value)));
    const moments = momentsOf(x, outputsOf(randomKernel(dims, 9), x, 100), 100);
    const target = await calibratedTarget(kernel, moments, blas);
    for (let t = 0; t < 3; t++) expect(target.kernel.data[t * 4 + 2]).toBeCloseTo(kernel.data[t * 4 + 2]!, 12);
    expect(Math.abs(target.kernel.data[0]! - kernel.data[0]!)).toBeGreaterThan(0.01);
  });

  test('moments of another kernel are refused', async () => {
    const x = correlatedRows(dims, 20);
    const moments = momentsOf(x, outputsOf(kernel, x, 20), 20);
    await expect(calibratedTarget(randomKernel([1, 3, 5]), moments, blas)).rejects.toThrow('not those of a kernel');
    expect(() => correctedBias(randomKernel([2, 3, 4]), moments)).toThrow('not those of a kernel');
  });
});
