import { describe, expect, it } from '@jest/globals';
import {
  type Moments,
  normInMetric,
  outputMetric,
  outputStretch,
  plainBlas,
  seededRandom,
  unweighOutputs,
  weighOutputs,
} from '../../src/numerics/index.ts';
import { correlatedRows, momentsOf, outputsOf, randomKernel } from './random-moments.ts';

const rows = 400;
const dims = [2, 5, 3, 2, 2];

/** Moments whose gradients are g = M·n with n normal, H = M·Mᵀ of each group. */
function observed(seed = 3): Moments {
  const kernel = randomKernel(dims);
  const x = correlatedRows(dims, rows);
  const moments = momentsOf(x, outputsOf(kernel, x, rows), rows);
  const [, T] = dims as [number, number];
  const groups = moments.groups.map((group, g) => {
    const M = seededRandom(seed, `gradients ${g}`).normals(T * T);
    const gradients = new Float64Array(T * T);
    for (let a = 0; a < T; a++)
      for (let b = 0; b < T; b++) for (let k = 0; k < T; k++) gradients[a * T + b]! += M[a * T + k]! * M[b * T + k]!;
    return { ...group, gradients };
  });
  return { ...moments, groups };
}

const axes = { group: 0, output: 1 };

describe('an output metric', () => {
  it('is L·Lᵀ = H + λI but for its scale, λ a tenth of the mean diagonal', async () => {
    const moments = observed();
    const metric = await outputMetric(moments, plainBlas);
    const T = dims[1]!;
    const ratios = moments.groups.flatMap(({ gradients }, g) => {
      const { lower } = metric!.factors[g]!;
      const H = gradients!;
      let trace = 0;
      for (let t = 0; t < T; t++) trace += H[t * T + t]!;
      return Array.from({ length: T * T }, (_, at) => {
        const [a, b] = [Math.floor(at / T), at % T];
        let product = 0;
        for (let k = 0; k < T; k++) product += lower[a * T + k]! * lower[b * T + k]!;
        return product / (H[at]! + (a === b ? (0.1 * trace) / T : 0));
      });
    });
    for (const ratio of ratios) expect(ratio / ratios[0]!).toBeCloseTo(1, 8);
  });

  it('counts errors that are like the outputs, channel by channel, as without it', async () => {
    const moments = observed();
    const { factors } = (await outputMetric(moments, plainBlas))!;
    let [weighed, variation] = [0, 0];
    for (const [g, { varianceY }] of moments.groups.entries()) {
      const { lower, n } = factors[g]!;
      for (let t = 0; t < n; t++) {
        variation += varianceY[t]!;
        for (let k = 0; k < n; k++) weighed += lower[t * n + k]! ** 2 * varianceY[t]!;
      }
    }
    expect(weighed / variation).toBeCloseTo(1, 10);
  });

  it.each([
    ['groups and outputs first', [2, 5, 3, 2, 2], axes],
    ['groups last', [3, 5, 2], { group: 2, output: 1 }],
  ])('is undone by its inverse: %s', async (_, shape, places) => {
    const metric = (await outputMetric(observed(), plainBlas))!;
    const array = randomKernel(shape);
    const there = await weighOutputs(array, places, metric, plainBlas);
    expect(there.dims).toEqual(shape);
    const back = await unweighOutputs(there, places, metric, plainBlas);
    for (const [i, value] of back.data.entries()) expect(value).toBeCloseTo(array.data[i]!, 10);
  });

  it('makes no vector longer than its stretch', async () => {
    const metric = (await outputMetric(observed(), plainBlas))!;
    const array = randomKernel(dims);
    const weighed = await weighOutputs(array, axes, metric, plainBlas);
    const plain = { grams: [0, 1].map(() => identity(12)) };
    const [after, before] = [
      await normInMetric(weighed, plain, plainBlas),
      await normInMetric(array, plain, plainBlas),
    ];
    expect(after).toBeLessThanOrEqual(outputStretch(metric) * before);
  });

  it('is none without gradients, and where none differs from zero', async () => {
    const { groups, ...rest } = observed();
    const without = groups.map(({ gradients, ...group }) => group);
    expect(await outputMetric({ ...rest, groups: without }, plainBlas)).toBeUndefined();
    const still = groups.map((group) => ({ ...group, gradients: new Float64Array(25) }));
    expect(await outputMetric({ ...rest, groups: still }, plainBlas)).toBeUndefined();
  });
});

function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
}
