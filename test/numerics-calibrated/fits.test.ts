import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  plainBlas as blas,
  blockExactCount,
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
  splitSvd,
  type TensorNetwork,
  tensorTrain,
  tucker2,
} from '../../src/numerics/index.ts';
import { blockNetwork, cpNetwork, splitNetwork, trainNetwork, tuckerNetwork } from '../numerics-network/networks.ts';
import { correlatedRows, inner, momentsOf, outputsOf, randomKernel } from './random-moments.ts';

const shapes: readonly (readonly number[])[] = [
  [1, 7, 6],
  [2, 5, 6, 3],
  [1, 8, 7, 3, 3],
  [3, 4, 6, 2, 3],
  [1, 6, 4, 2, 3, 2],
];

interface Method {
  readonly name: string;
  /** Ranks of rising size; the last is not full. */
  readonly networks: (dims: readonly number[]) => readonly TensorNetwork[];
  fit(kernel: NdArray, network: TensorNetwork, metric?: KernelMetric, watch?: (error: number) => void): Promise<Fit>;
  /** The same ranks by the fit that knows no metric. */
  plain?(kernel: NdArray, network: TensorNetwork): Promise<Fit>;
}

const random = () => seededRandom(1, 'fit');
const asFit = async (split: ReturnType<typeof splitSvd>): Promise<Fit> => {
  const { output, input, relativeError } = await split;
  return { factors: { output, input }, relativeError };
};
const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
const thirds = (full: number) => [...new Set([0.25, 0.5, 0.75].map((f) => Math.max(1, Math.floor(f * full))))];

function splitMethod(name: string, inputAxes: (dims: readonly number[]) => readonly number[]): Method {
  return {
    name,
    networks(dims) {
      const axes = inputAxes(dims);
      const columns = dims[2]! * product(axes.map((axis) => dims[3 + axis]!));
      const full = Math.min(columns, product(dims.slice(1)) / columns);
      return thirds(full).map((R) => splitNetwork(dims, R, axes));
    },
    fit: (kernel, { sizes }, metric, watch) =>
      asFit(
        calibratedSplit(kernel, inputAxes(kernel.dims), sizes['R']!, {
          blas,
          ...(metric && { metric }),
          onSweep: (_, error) => watch?.(error),
        }),
      ),
    plain: (kernel, { sizes }) => asFit(splitSvd(kernel, inputAxes(kernel.dims), sizes['R']!, blas)),
  };
}

function cpMethod(spatial: 'joint' | 'split'): Method {
  return {
    name: `cp, spatial axes ${spatial}`,
    networks: (dims) =>
      thirds(Math.min(dims[1]!, dims[2]!) * 2).map((R) => cpNetwork(dims, R, dims.length === 3 ? 'joint' : spatial)),
    fit: (kernel, { sizes }, metric, watch) =>
      calibratedCp(kernel, sizes['R']!, {
        spatial,
        blas,
        random: random(),
        ...(metric && { metric }),
        onSweep: (_, error) => watch?.(error),
      }),
    plain: (kernel, { sizes }) => cp(kernel, sizes['R']!, { spatial, blas, random: random() }),
  };
}

function tuckerMethod(sides: 'both' | 'input' | 'output'): Method {
  return {
    name: `tucker-2, ${sides}`,
    networks: (dims) =>
      [0.4, 0.7].map((f) =>
        tuckerNetwork(dims, {
          ...(sides !== 'output' && { R3: Math.ceil(f * dims[2]!) }),
          ...(sides !== 'input' && { R4: Math.ceil(f * dims[1]!) }),
        }),
      ),
    fit: (kernel, { sizes }, metric, watch) => {
      const ranks = {
        ...(sizes['R3'] !== undefined && { R3: sizes['R3'] }),
        ...(sizes['R4'] !== undefined && { R4: sizes['R4'] }),
      };
      return calibratedTucker2(kernel, ranks, {
        blas,
        ...(metric && { metric }),
        onSweep: (_, error) => watch?.(error),
      });
    },
    plain: (kernel, { sizes }) =>
      tucker2(
        kernel,
        {
          ...(sizes['R3'] !== undefined && { R3: sizes['R3'] }),
          ...(sizes['R4'] !== undefined && { R4: sizes['R4'] }),
        },
        { blas },
      ),
  };
}

const train: Method = {
  name: 'tensor-train',
  networks(dims) {
    if (dims.length === 3) return [];
    const [, T, S, ...spatial] = dims as [number, number, number, ...number[]];
    return [0.3, 0.6].map((f) => {
      let before = 1;
      const ranks = [S, ...spatial].map((size, j) => {
        const bound = Math.min(before * size, product(spatial.slice(j)) * T);
        before = Math.max(
          1,
          Math.min(
            bound,
            Math.ceil(f * Math.min(product([S, ...spatial].slice(0, j + 1)), product(spatial.slice(j)) * T)),
          ),
        );
        return before;
      });
      return trainNetwork(dims, ranks);
    });
  },
  fit: (kernel, { sizes }, metric, watch) =>
    calibratedTrain(kernel, trainRanks(sizes), {
      blas,
      ...(metric && { metric }),
      onSweep: (_, error) => watch?.(error),
    }),
  plain: (kernel, { sizes }) => tensorTrain(kernel, trainRanks(sizes), blas),
};

function trainRanks(sizes: Readonly<Record<string, number>>): number[] {
  const ranks: number[] = [];
  for (let j = 1; sizes[`R${j}`] !== undefined; j++) ranks.push(sizes[`R${j}`]!);
  return ranks;
}

const grouped: Method = {
  name: 'grouped core',
  networks: (dims) => [1, 2, 3].map((Q) => blockNetwork(dims, Q, 2)),
  fit: (kernel, { sizes }, metric, watch) =>
    blockTerm(
      kernel,
      { count: sizes['Q']!, size: sizes['m1']! },
      {
        blas,
        random: random(),
        ...(metric && { metric }),
        onSweep: (_, error) => watch?.(error),
      },
    ),
};

const methods: readonly Method[] = [
  splitMethod('channel-svd', (dims) => dims.slice(3).map((_, axis) => axis)),
  splitMethod('spatial-svd, first axis first', (dims) => (dims.length > 3 ? [0] : [])),
  splitMethod('spatial-svd, other axes first', (dims) => dims.slice(4).map((_, axis) => axis + 1)),
  tuckerMethod('both'),
  tuckerMethod('input'),
  tuckerMethod('output'),
  cpMethod('joint'),
  cpMethod('split'),
  train,
  grouped,
];

/** √(Σ tr((Ŵ−W) G (Ŵ−W)ᵀ) / Σ tr(W G Wᵀ)) by its definition. */
async function measured(network: TensorNetwork, fit: Fit, kernel: NdArray, metric?: KernelMetric): Promise<number> {
  const { data } = await contract(network, fit.factors, blas);
  const [groups, outputs] = kernel.dims as [number, number];
  const size = data.length / groups;
  let [error, total] = [0, 0];
  for (let g = 0; g < groups; g++) {
    const own = kernel.data.slice(g * size, (g + 1) * size);
    const difference = own.map((value, i) => data[g * size + i]! - value);
    error += await inner(difference, difference, metric?.grams[g], outputs, blas);
    total += await inner(own, own, metric?.grams[g], outputs, blas);
  }
  return Math.sqrt(error / total);
}

describe.each(shapes.map((dims) => ({ dims })))('a kernel [$dims] in the metric of its activations', ({ dims }) => {
  const original = randomKernel(dims);
  let kernel: NdArray;
  let metric: KernelMetric;
  beforeAll(async () => {
    const rows = 400;
    const x = correlatedRows(dims, rows);
    ({ kernel, metric } = await calibratedTarget(
      original,
      momentsOf(x, outputsOf(original, x, rows, 0.1), rows),
      blas,
    ));
  });

  describe.each(methods)('$name', (method) => {
    test('has the error that it reports, no larger than the weight-space fit has in the metric', async () => {
      for (const network of method.networks(dims)) {
        const fit = await method.fit(kernel, network, metric);
        expect(await measured(network, fit, kernel, metric)).toBeCloseTo(fit.relativeError, 8);
        if (!method.plain) continue;
        const plain = await method.plain(kernel, network);
        expect(fit.relativeError).toBeLessThanOrEqual(
          (1 + 1e-9) * (await measured(network, plain, kernel, metric)) + 1e-7,
        );
      }
    });

    test('never raises the error from sweep to sweep', async () => {
      for (const network of method.networks(dims)) {
        let last = Number.POSITIVE_INFINITY;
        await method.fit(
          { data: kernel.data.slice(0, kernel.data.length / dims[0]!), dims: dims.with(0, 1) },
          network,
          { grams: metric.grams.slice(0, 1) },
          (error) => {
            expect(error).toBeLessThanOrEqual(last);
            last = error;
          },
        );
      }
    });

    test('has a smaller error at larger ranks', async () => {
      let last = Number.POSITIVE_INFINITY;
      for (const network of method.networks(dims)) {
        const { relativeError } = await method.fit(kernel, network, metric);
        expect(relativeError).toBeLessThanOrEqual(last + 1e-9);
        last = relativeError;
      }
    });
  });
});

test('a grouped core reproduces every kernel from its exact count on', async () => {
  for (const dims of shapes) {
    const [, T, S, ...spatial] = dims as [number, number, number, ...number[]];
    for (const m of [1, 2, 3, 16]) {
      const Q = blockExactCount(T, S, product(spatial), m);
      const kernel = randomKernel(dims);
      for (const count of [Q, Q + 2]) {
        const fit = await blockTerm(kernel, { count, size: m }, { blas, random: random() });
        expect(fit.relativeError).toBe(0);
        expect(await measured(blockNetwork(dims, count, m), fit, kernel)).toBe(0);
      }
    }
  }
});
