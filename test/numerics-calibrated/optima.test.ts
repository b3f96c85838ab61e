import { describe, expect, test } from '@jest/globals';
import {
  plainBlas as blas,
  blockTerm,
  calibratedCp,
  calibratedSplit,
  calibratedTarget,
  calibratedTrain,
  calibratedTucker2,
  contract,
  cp,
  type Fit,
  type KernelMetric,
  type NdArray,
  seededRandom,
  singularValues,
  splitSvd,
  symmetricPower,
  type TensorNetwork,
  tensorTrain,
  tucker2,
} from '../../src/numerics/index.ts';
import {
  blockNetwork,
  cpNetwork,
  randomFactors,
  splitNetwork,
  trainNetwork,
  tuckerNetwork,
} from '../numerics-network/networks.ts';
import { correlatedRows, inner, momentsOf, outputsOf, randomKernel } from './random-moments.ts';

async function targetOf(dims: readonly number[], noise = 0.1): Promise<{ kernel: NdArray; metric: KernelMetric }> {
  const original = randomKernel(dims);
  const x = correlatedRows(dims, 400);
  return calibratedTarget(original, momentsOf(x, outputsOf(original, x, 400, noise), 400), blas);
}

function identityMetric(dims: readonly number[]): KernelMetric {
  const [groups, outputs] = dims as [number, number];
  const P = dims.reduce((product, size) => product * size, 1) / groups / outputs;
  const gram = Float64Array.from({ length: P * P }, (_, at) => (at % (P + 1) === 0 ? 1 : 0));
  return { grams: Array.from({ length: groups }, () => gram) };
}

const random = () => seededRandom(1, 'fit');

describe('svd in a metric', () => {
  test.each([{ dims: [1, 6, 9] }, { dims: [1, 9, 5] }, { dims: [1, 5, 3, 2, 2] }, { dims: [1, 14, 2, 2, 2] }])(
    'of [$dims] has the error of the singular values of W·G^½ that are cut off, at every rank',
    async ({ dims }) => {
      const { kernel, metric } = await targetOf(dims);
      const T = dims[1]!;
      const P = kernel.data.length / T;
      const [root] = await symmetricPower(Float64Array.from(metric.grams[0]!), P, [0.5]);
      const white = await blas.gemm64({ m: T, n: P, k: P, a: kernel.data, b: root! });
      const values = await singularValues({ data: white, dims: [T, P] }, blas);
      const total = values.reduce((sum, value) => sum + value ** 2, 0);
      const axes = dims.slice(3).map((_, axis) => axis);
      for (let R = 1; R < Math.min(T, P); R++) {
        const { relativeError } = await calibratedSplit(kernel, axes, R, { blas, metric });
        const cut = values.slice(R).reduce((sum, value) => sum + value ** 2, 0);
        expect(Math.abs(relativeError - Math.sqrt(cut / total))).toBeLessThan(1e-5);
      }
    },
  );

  test('with the identity as metric is the plain one', async () => {
    const dims = [2, 6, 4, 3, 2];
    const kernel = randomKernel(dims);
    for (const axes of [[0, 1], [0], [1]]) {
      const metric = identityMetric(dims);
      const plain = await splitSvd(kernel, axes, 4, blas);
      const { relativeError } = await calibratedSplit(kernel, axes, 4, { blas, metric, sweeps: 100 });
      expect(Math.abs(relativeError - plain.relativeError)).toBeLessThan(axes.length === 2 ? 1e-9 : 2e-3);
    }
  });
});

test('one-sided Tucker-2 with the identity as metric is the plain one', async () => {
  const dims = [2, 6, 5, 3, 2];
  const kernel = randomKernel(dims);
  const metric = identityMetric(dims);
  for (const ranks of [{ R3: 3 }, { R4: 3 }]) {
    const plain = await tucker2(kernel, ranks, { blas });
    const { relativeError } = await calibratedTucker2(kernel, ranks, { blas, metric });
    expect(relativeError).toBeCloseTo(plain.relativeError, 9);
  }
});

describe('every fit in a metric', () => {
  const dims = [2, 6, 5, 3, 3];
  const fits: Record<string, (kernel: NdArray, metric: KernelMetric) => Promise<Fit>> = {
    'channel-svd': async (kernel, metric) => asFit(await calibratedSplit(kernel, [0, 1], 3, { blas, metric })),
    'spatial-svd': async (kernel, metric) => asFit(await calibratedSplit(kernel, [0], 5, { blas, metric })),
    'tucker-2': (kernel, metric) => calibratedTucker2(kernel, { R3: 3, R4: 4 }, { blas, metric }),
    cp: (kernel, metric) => calibratedCp(kernel, 6, { blas, metric, random: random() }),
    'cp with separate axes': (kernel, metric) =>
      calibratedCp(kernel, 6, { blas, metric, random: random(), spatial: 'split' }),
    'tensor-train': (kernel, metric) => calibratedTrain(kernel, [3, 6, 4], { blas, metric }),
    'grouped core': (kernel, metric) => blockTerm(kernel, { count: 2, size: 2 }, { blas, metric, random: random() }),
  };

  test.each(Object.keys(fits))('gives the same bits twice: %s', async (name) => {
    const { kernel, metric } = await targetOf(dims);
    expect(await fits[name]!(kernel, metric)).toEqual(await fits[name]!(kernel, metric));
  });

  test.each(Object.keys(fits))('fits each group as if it were alone: %s', async (name) => {
    const { kernel, metric } = await targetOf(dims);
    const size = kernel.data.length / 2;
    const alone = (g: number) =>
      fits[name]!(
        { data: kernel.data.slice(g * size, (g + 1) * size), dims: dims.with(0, 1) },
        { grams: [metric.grams[g]!] },
      );
    const together = await fits[name]!(kernel, metric);
    const first = await alone(0);
    for (const [factor, { data }] of Object.entries(first.factors)) {
      const own = together.factors[factor]!.data.subarray(0, data.length);
      expect(Array.from(own)).toEqual(Array.from(data));
    }
  });

  test.each(Object.keys(fits))('survives a group of zeros, huge and tiny scales: %s', async (name) => {
    const { kernel, metric } = await targetOf(dims);
    const size = kernel.data.length / 2;
    const { relativeError } = await fits[name]!(kernel, metric);
    for (const scale of [1e-30, 1e15]) {
      const scaled = { data: kernel.data.map((value) => value * scale), dims };
      const grams = metric.grams.map((gram) => Float64Array.from(gram, (value) => value * 1e10));
      expect((await fits[name]!(scaled, { grams })).relativeError).toBeCloseTo(relativeError, 5);
    }
    const half = { data: kernel.data.map((value, i) => (i < size ? value : 0)), dims };
    const fit = await fits[name]!(half, metric);
    expect(Object.values(fit.factors).every(({ data }) => data.every(Number.isFinite))).toBe(true);
    expect(fit.relativeError).toBeLessThan(1);
  });

  test.each(Object.keys(fits))('refuses a metric of other sizes: %s', async (name) => {
    const { kernel, metric } = await targetOf(dims);
    await expect(fits[name]!(kernel, { grams: metric.grams.slice(0, 1) })).rejects.toThrow('not that of a kernel');
  });
});

describe('a kernel of more than 128 columns, fitted in float32', () => {
  const dims = [1, 12, 16, 3, 3];
  const ranks = [6, 12, 6];
  const pairs: Record<
    string,
    [(k: NdArray, m: KernelMetric) => Promise<Fit>, (k: NdArray) => Promise<Fit>, TensorNetwork]
  > = {
    'spatial-svd': [
      async (kernel, metric) => asFit(await calibratedSplit(kernel, [0], 12, { blas, metric })),
      async (kernel) => asFit(await splitSvd(kernel, [0], 12, blas)),
      splitNetwork(dims, 12, [0]),
    ],
    'tucker-2': [
      (kernel, metric) => calibratedTucker2(kernel, { R3: 8, R4: 6 }, { blas, metric }),
      (kernel) => tucker2(kernel, { R3: 8, R4: 6 }, { blas }),
      tuckerNetwork(dims, { R3: 8, R4: 6 }),
    ],
    'tensor-train': [
      (kernel, metric) => calibratedTrain(kernel, ranks, { blas, metric }),
      (kernel) => tensorTrain(kernel, ranks, blas),
      trainNetwork(dims, ranks),
    ],
    cp: [
      (kernel, metric) => calibratedCp(kernel, 20, { blas, metric, random: random() }),
      (kernel) => cp(kernel, 20, { blas, random: random() }),
      cpNetwork(dims, 20, 'joint'),
    ],
    'grouped core': [
      (kernel, metric) => blockTerm(kernel, { count: 4, size: 4 }, { blas, metric, random: random() }),
      (kernel) => blockTerm(kernel, { count: 4, size: 4 }, { blas, random: random() }),
      blockNetwork(dims, 4, 4),
    ],
  };

  test.each(Object.keys(pairs))(
    'has the error that it reports, below that of the weight-space fit: %s',
    async (name) => {
      const { kernel, metric } = await targetOf(dims);
      const [calibrated, plain, network] = pairs[name]!;
      const fit = await calibrated(kernel, metric);
      expect(await errorIn(network, fit, kernel, metric)).toBeCloseTo(fit.relativeError, 9);
      expect(fit.relativeError).toBeLessThan(await errorIn(network, await plain(kernel), kernel, metric));
    },
  );

  async function errorIn(
    network: TensorNetwork,
    fit: Fit,
    { data }: NdArray,
    { grams }: KernelMetric,
  ): Promise<number> {
    const found = await contract(network, fit.factors, blas);
    const difference = found.data.map((value, i) => value - data[i]!);
    const [error, total] = [
      await inner(difference, difference, grams[0], dims[1]!, blas),
      await inner(data, data, grams[0], dims[1]!, blas),
    ];
    return Math.sqrt(error / total);
  }
});

test('cp in a metric finds kernels of its own rank, but for local minima', async () => {
  const dims = [1, 9, 8, 3, 3];
  const { metric } = await targetOf(dims);
  const network = cpNetwork(dims, 4, 'joint');
  let found = 0;
  for (const seed of [3, 4, 5, 6]) {
    const kernel = await contract(network, randomFactors(network, seededRandom(seed, 'own')), blas);
    const fit = await calibratedCp(kernel, 4, { blas, metric, random: random(), steps: 400 });
    if (fit.relativeError < 1e-5) found++;
  }
  expect(found).toBeGreaterThanOrEqual(2);
});

test('with full rank and rows enough a fit reproduces the original on its own inputs', async () => {
  const dims = [1, 6, 5, 3];
  const { kernel, metric } = await targetOf(dims, 0);
  const original = randomKernel(dims);
  const { output, input } = await calibratedSplit(kernel, [0], 6, { blas, metric });
  const { data } = await contract(splitNetwork(dims, 6, [0]), { output, input }, blas);
  for (const [i, value] of data.entries()) expect(value).toBeCloseTo(original.data[i]!, 3);
});

function asFit({ output, input, relativeError }: Awaited<ReturnType<typeof splitSvd>>): Fit {
  return { factors: { output, input }, relativeError };
}
