import { describe, expect, test } from '@jest/globals';
import {
  alternatingLeastSquares,
  plainBlas as blas,
  contract,
  seededRandom,
  type TensorNetwork,
} from '../../src/numerics/index.ts';
import {
  cpNetwork,
  naiveContraction,
  randomFactors,
  relativeDifference,
  splitNetwork,
  trainNetwork,
  tuckerNetwork,
} from './networks.ts';

const networks: readonly [string, TensorNetwork][] = [
  ['tucker-2', tuckerNetwork([2, 6, 5, 3], { R3: 2, R4: 3 })],
  ['cp', cpNetwork([1, 6, 5, 3, 2], 4, 'joint')],
  ['cp, spatial axes apart', cpNetwork([2, 5, 4, 3, 3], 3, 'split')],
  ['spatial-svd', splitNetwork([1, 6, 5, 3, 2], 4, [0])],
  ['tensor-train', trainNetwork([1, 6, 5, 2, 3], [3, 4, 3])],
];

/** A well conditioned symmetric positive definite matrix over s and the spatial indices. */
async function randomMetric(network: TensorNetwork, seed: number) {
  const indices = network.output.slice(2);
  const n = indices.reduce((product, index) => product * network.sizes[index]!, 1);
  const a = seededRandom(seed, 'metric').normals(n * 2 * n);
  const matrix = await blas.gemm64({ m: n, n, k: 2 * n, a, b: a, transB: true });
  return { indices, matrix, n };
}

describe.each(networks)('alternatingLeastSquares on %s', (_, network) => {
  test('never raises the error, with a metric and without', async () => {
    const random = seededRandom(1, 'monotone');
    const target = naiveContraction(
      { ...network, factors: [{ name: 'W', indices: network.output }] },
      randomFactors({ ...network, factors: [{ name: 'W', indices: network.output }] }, random),
    );
    const start = randomFactors(network, random);
    for (const metric of [undefined, await randomMetric(network, 2)]) {
      const options = { blas, sweeps: 15, tolerance: 0, ...(metric && { metric }) };
      const { errors } = await alternatingLeastSquares(network, target, start, options);
      expect(errors.at(-1)).toBeLessThan(1);
      for (let i = 1; i < errors.length; i++) expect(errors[i]! - errors[i - 1]!).toBeLessThanOrEqual(1e-12);
    }
  });

  test('finds its way back to a tensor of the network from nearby', async () => {
    const random = seededRandom(3, 'recovery');
    const factors = randomFactors(network, random);
    const target = naiveContraction(network, factors);
    const noise = randomFactors(network, random);
    const start = Object.fromEntries(
      network.factors.map(({ name }) => [
        name,
        {
          data: factors[name]!.data.map((value, i) => value + 0.05 * noise[name]!.data[i]!),
          dims: factors[name]!.dims,
        },
      ]),
    );
    const { factors: found } = await alternatingLeastSquares(network, target, start, {
      blas,
      sweeps: 3000,
      tolerance: 0,
    });
    expect(relativeDifference((await contract(network, found, blas)).data, target.data)).toBeLessThan(1e-6);
  });

  test('reports the error in the metric that it minimises', async () => {
    const random = seededRandom(4, 'metric error');
    const whole = { ...network, factors: [{ name: 'W', indices: network.output }] };
    const target = naiveContraction(whole, randomFactors(whole, random));
    const { n, ...metric } = await randomMetric(network, 5);
    const { factors, errors } = await alternatingLeastSquares(network, target, randomFactors(network, random), {
      blas,
      sweeps: 2,
      metric,
    });
    const fitted = await contract(network, factors, blas);
    const form = (rows: Float64Array): number => {
      let sum = 0;
      for (let row = 0; row < rows.length; row += n) {
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) sum += rows[row + i]! * metric.matrix[i * n + j]! * rows[row + j]!;
      }
      return sum;
    };
    const residual = fitted.data.map((value, i) => value - target.data[i]!);
    expect(errors.at(-1)! / Math.sqrt(form(residual) / form(target.data))).toBeCloseTo(1, 10);
  });
});

test('alternatingLeastSquares leaves every factor at the optimum that the others allow', async () => {
  // One sweep over a network of one factor is the linear least-squares solution itself: here the projection.
  const network = { sizes: { t: 4, s: 5 }, factors: [{ name: 'F', indices: ['t', 's'] }], output: ['t', 's'] };
  const random = seededRandom(6, 'single');
  const target = { data: random.normals(20), dims: [4, 5] };
  const { factors } = await alternatingLeastSquares(network, target, randomFactors(network, random), {
    blas,
    sweeps: 2,
  });
  expect(relativeDifference(factors['F']!.data, target.data)).toBeLessThan(1e-12);
});

test('alternatingLeastSquares refuses systems too large to hold', async () => {
  const network = tuckerNetwork([1, 80, 80], { R3: 70, R4: 70 });
  const random = seededRandom(7, 'large');
  const target = { data: random.normals(6400), dims: [1, 80, 80] };
  await expect(alternatingLeastSquares(network, target, randomFactors(network, random), { blas })).rejects.toThrow(
    /C couples 4900 unknowns/,
  );
});
