import { describe, expect, test } from '@jest/globals';
import {
  alternatingLeastSquares,
  plainBlas as blas,
  contract,
  cp,
  cpExactRank,
  type Fit,
  kernelSpectra,
  type NdArray,
  type RealNdArray,
  seededRandom,
  splitSvd,
  type TensorNetwork,
  tensorTrain,
  truncationErrors,
  tucker2,
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

/** Kernels of every order that Conv has: none to three spatial axes, one group and several, wide and tall. */
const shapes: readonly (readonly number[])[] = [
  [1, 9, 6],
  [2, 5, 8, 3],
  [1, 8, 7, 3, 3],
  [3, 4, 6, 2, 3],
  [1, 6, 4, 2, 3, 2],
  [2, 3, 1, 3, 3],
];

/** c·ε·√n·‖W‖ for the few hundred operations per entry of these sizes. */
const EXACT = 1e-13;

function randomKernel(dims: readonly number[], seed = 1): NdArray {
  const length = dims.reduce((product, size) => product * size, 1);
  return { data: seededRandom(seed, dims.join('x')).normals(length), dims };
}

async function errorOf(
  network: TensorNetwork,
  { factors }: Pick<Fit, 'factors'>,
  kernel: RealNdArray,
): Promise<number> {
  const { data, dims } = await contract(network, factors, blas);
  expect(dims).toEqual(kernel.dims);
  return relativeDifference(data, kernel.data);
}

const cpOptions = () => ({ blas, random: seededRandom(1, 'cp') });

/** ‖QᵀQ − I‖ in the largest entry, for matrices [g, rows, columns] with orthonormal columns, or rows where `turned`. */
function deviation({ data, dims }: NdArray, turned = false): number {
  const [groups, rows, columns] = dims as [number, number, number];
  const [count, length] = turned ? [rows, columns] : [columns, rows];
  const entry = (g: number, vector: number, i: number): number =>
    turned ? data[(g * rows + vector) * columns + i]! : data[(g * rows + i) * columns + vector]!;
  let worst = 0;
  for (let g = 0; g < groups; g++) {
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let sum = a === b ? -1 : 0;
        for (let i = 0; i < length; i++) sum += entry(g, a, i) * entry(g, b, i);
        worst = Math.max(worst, Math.abs(sum));
      }
    }
  }
  return worst;
}

describe.each(shapes.map((dims) => ({ dims })))('a kernel [$dims]', ({ dims }) => {
  const [, T, S, ...spatial] = dims as [number, number, number, ...number[]];
  const K = spatial.reduce((product, size) => product * size, 1);
  const kernel = randomKernel(dims);

  test('is itself in tucker-2 at full ranks', async () => {
    const ranks = { R3: S, R4: T };
    expect(await errorOf(tuckerNetwork(dims, ranks), await tucker2(kernel, ranks, { blas }), kernel)).toBeLessThan(
      EXACT,
    );
  });

  test('is itself in tucker-2 where one rank is full and the other as large as the core can fill', async () => {
    const R3 = Math.min(S, T * K);
    expect(await errorOf(tuckerNetwork(dims, { R3 }), await tucker2(kernel, { R3 }, { blas }), kernel)).toBeLessThan(
      EXACT,
    );
    const R4 = Math.min(T, S * K);
    expect(await errorOf(tuckerNetwork(dims, { R4 }), await tucker2(kernel, { R4 }, { blas }), kernel)).toBeLessThan(
      EXACT,
    );
  });

  test('is itself in every two-factor form at full rank', async () => {
    for (const inputAxes of [[], [0], spatial.map((_, axis) => axis)].filter((axes) => axes.length <= spatial.length)) {
      const columns = S * inputAxes.reduce((product, axis) => product * spatial[axis]!, 1);
      const rank = Math.min(columns, (T * S * K) / columns);
      const { output, input, relativeError } = await splitSvd(kernel, inputAxes, rank, blas);
      const fit = { factors: { output, input } };
      expect(await errorOf(splitNetwork(dims, rank, inputAxes), fit, kernel)).toBeLessThan(EXACT);
      expect(relativeError).toBe(0);
    }
  });

  test('is itself as a tensor train at full ranks', async () => {
    const ranks = fullTrainRanks(dims);
    expect(await errorOf(trainNetwork(dims, ranks), await tensorTrain(kernel, ranks, blas), kernel)).toBeLessThan(
      EXACT,
    );
  });

  test.each(['joint', 'split'] as const)('is itself in cp, to the bit, from the exact rank on: %s', async (form) => {
    const exact = cpExactRank(dims, form);
    for (const rank of [exact, exact + 3]) {
      const fit = await cp(kernel, rank, { ...cpOptions(), spatial: form });
      const network = spatial.length === 0 ? cpNetwork(dims, rank, 'joint') : cpNetwork(dims, rank, form);
      expect(await errorOf(network, fit, kernel)).toBe(0);
      expect(fit.relativeError).toBe(0);
    }
  });

  test('keeps orthonormal bases in tucker-2', async () => {
    const ranks = { R3: Math.ceil(S / 2), R4: Math.ceil(T / 2) };
    const { factors } = await tucker2(kernel, ranks, { blas });
    expect(deviation(factors['U']!)).toBeLessThan(EXACT);
    expect(deviation(factors['V']!, true)).toBeLessThan(EXACT);
  });

  test('has the error that each fit reports', async () => {
    const ranks = { R3: Math.ceil(S / 2), R4: Math.ceil(T / 2) };
    const tucker = await tucker2(kernel, ranks, { blas });
    expect(await errorOf(tuckerNetwork(dims, ranks), tucker, kernel)).toBeCloseTo(tucker.relativeError, 12);
    const R = Math.ceil(Math.min(S, T) / 2);
    const joint = await cp(kernel, R, cpOptions());
    expect(await errorOf(cpNetwork(dims, R, 'joint'), joint, kernel)).toBeCloseTo(joint.relativeError, 10);
    const train = fullTrainRanks(dims).map((rank) => Math.ceil(rank / 2));
    const tt = await tensorTrain(kernel, clampTrain(dims, train), blas);
    expect(await errorOf(trainNetwork(dims, clampTrain(dims, train)), tt, kernel)).toBeCloseTo(tt.relativeError, 12);
  });

  test('gives the same bits twice', async () => {
    const ranks = { R3: Math.ceil(S / 2), R4: Math.ceil(T / 2) };
    expect(await tucker2(kernel, ranks, { blas })).toEqual(await tucker2(kernel, ranks, { blas }));
    expect(await cp(kernel, 2, cpOptions())).toEqual(await cp(kernel, 2, cpOptions()));
  });

  test('loses nothing of the Tucker error to sweeps in float32, and reports it in float64', async () => {
    const single = { data: Float32Array.from(kernel.data), dims };
    const wide = { data: Float64Array.from(single.data), dims };
    const ranks = { R3: Math.ceil(S / 2), R4: Math.ceil(T / 2) };
    const fit = await tucker2(single, ranks, { blas });
    const { relativeError } = await tucker2(wide, ranks, { blas });
    // Both end where two sweeps gained less than 2e-7 of the error each; what float32 adds is of order 1e-10.
    expect(Math.abs(fit.relativeError - relativeError)).toBeLessThanOrEqual(1e-6 * relativeError);
    expect(await errorOf(tuckerNetwork(dims, ranks), fit, wide)).toBeCloseTo(fit.relativeError, 12);
    expect(deviation(fit.factors['U']!)).toBeLessThan(EXACT);
    expect(deviation(fit.factors['V']!, true)).toBeLessThan(EXACT);
  });
});

describe('tucker-2', () => {
  const dims = [1, 14, 12, 3, 3];
  const kernel = randomKernel(dims, 2);

  test('never raises the error from sweep to sweep, and ends below its start', async () => {
    for (const size of [12, 140]) {
      // 140 channels take the filtered route, 12 the exact one.
      const wide = randomKernel([1, size, size, 2], 3);
      const errors: number[] = [];
      const ranks = { R3: size / 4, R4: size / 4 };
      await tucker2(wide, ranks, { blas, tolerance: 0, maxSweeps: 6, onSweep: (_, error) => errors.push(error) });
      expect(errors.length).toBeGreaterThan(2);
      for (let i = 1; i < errors.length; i++) expect(errors[i]).toBeLessThanOrEqual(errors[i - 1]!);
      expect(errors.at(-1)).toBeLessThan(errors[0]!);
    }
  });

  test('has a smaller error at larger ranks', async () => {
    let last = 1;
    for (const rank of [2, 4, 6, 8, 10, 12]) {
      const { relativeError } = await tucker2(kernel, { R3: rank, R4: rank }, { blas });
      expect(relativeError).toBeLessThan(last);
      last = relativeError;
    }
  });

  test('recovers a kernel of its own ranks', async () => {
    for (const size of [16, 150]) {
      const shape = [1, size, size - 4, 3];
      const network = tuckerNetwork(shape, { R3: 4, R4: 5 });
      const low = asKernel(network, await contract(network, randomFactors(network, seededRandom(4, 'low')), blas));
      expect(await errorOf(network, await tucker2(low, { R3: 4, R4: 5 }, { blas }), low)).toBeLessThan(1e-7);
    }
  });

  test('with one side whole has the error of the singular values cut off (Eckart and Young)', async () => {
    const names = ['g', 't', 's', 'k1', 'k2'];
    for (const [side, rank, rows] of [
      ['R4', 5, ['t']],
      ['R3', 7, ['s']],
    ] as const) {
      const [spectrum] = await kernelSpectra(kernel, names, rows, blas);
      const { relativeError } = await tucker2(kernel, { [side]: rank }, { blas });
      expect(relativeError).toBeCloseTo(truncationErrors(spectrum!.singularValues)[rank]!, 12);
    }
  });

  test('of a zero kernel is zero', async () => {
    const zero = { data: new Float64Array(14 * 12), dims: [1, 14, 12] };
    const fit = await tucker2(zero, { R3: 3, R4: 4 }, { blas });
    expect(fit.relativeError).toBe(0);
    expect(fit.factors['C']!.data.every((value) => value === 0)).toBe(true);
  });

  test('decomposes each group by itself', async () => {
    const grouped = randomKernel([3, 6, 5, 2, 2], 5);
    const whole = await tucker2(grouped, { R3: 2, R4: 3 }, { blas });
    const size = 6 * 5 * 4;
    for (let g = 0; g < 3; g++) {
      const alone = { data: grouped.data.slice(g * size, (g + 1) * size), dims: [1, 6, 5, 2, 2] };
      const { factors } = await tucker2(alone, { R3: 2, R4: 3 }, { blas });
      expect(whole.factors['C']!.data.subarray(g * 24, (g + 1) * 24)).toEqual(factors['C']!.data);
    }
  });

  test('refuses ranks outside 1 … size', async () => {
    await expect(tucker2(kernel, { R3: 13, R4: 2 }, { blas })).rejects.toThrow('rank R3 = 13 lies outside 1 … 12');
    await expect(tucker2(kernel, { R3: 3, R4: 0 }, { blas })).rejects.toThrow('rank R4 = 0 lies outside 1 … 14');
  });

  test('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(tucker2(kernel, { R3: 3, R4: 3 }, { blas, signal, tolerance: 0 })).rejects.toThrow('enough');
  });
});

describe('two factors and tensor trains', () => {
  const dims = [1, 8, 7, 3, 2];
  const kernel = randomKernel(dims, 6);

  test('two factors have the error of the singular values cut off, at every rank and for every cut', async () => {
    const names = ['g', 't', 's', 'k1', 'k2'];
    for (const [inputAxes, rows] of [
      [[], ['t', 'k1', 'k2']],
      [[0], ['t', 'k2']],
      [[1], ['t', 'k1']],
      [[0, 1], ['t']],
    ] as const) {
      const [spectrum] = await kernelSpectra(kernel, names, rows, blas);
      const errors = truncationErrors(spectrum!.singularValues);
      for (let rank = 1; rank < spectrum!.singularValues.length; rank += 3) {
        const { output, input, relativeError } = await splitSvd(kernel, inputAxes, rank, blas);
        expect(relativeError).toBeCloseTo(errors[rank]!, 11);
        const measured = await errorOf(splitNetwork(dims, rank, inputAxes), { factors: { output, input } }, kernel);
        expect(measured).toBeCloseTo(errors[rank]!, 11);
      }
    }
  });

  test('two factors share the singular values evenly', async () => {
    const { output, input } = await splitSvd(kernel, [0], 4, blas);
    for (let r = 0; r < 4; r++) {
      let [left, right] = [0, 0];
      for (let t = 0; t < 8; t++) for (let k = 0; k < 2; k++) left += output.data[(t * 4 + r) * 2 + k]! ** 2;
      for (let i = 0; i < 21; i++) right += input.data[r * 21 + i]! ** 2;
      expect(left / right).toBeCloseTo(1, 10);
    }
  });

  test('a tensor train stays within the bound of its unfoldings (Oseledets 2011, theorem 2.2)', async () => {
    const ranks = [4, 6, 5];
    const { relativeError } = await tensorTrain(kernel, ranks, blas);
    const names = ['g', 't', 's', 'k1', 'k2'];
    let bound = 0;
    let best = 0;
    for (const [j, rows] of [['s'], ['s', 'k1'], ['s', 'k1', 'k2']].entries()) {
      const [spectrum] = await kernelSpectra(kernel, names, rows, blas);
      const cut = truncationErrors(spectrum!.singularValues)[ranks[j]!]!;
      bound += cut ** 2;
      best = Math.max(best, cut);
    }
    expect(relativeError).toBeLessThanOrEqual(Math.sqrt(bound));
    expect(relativeError).toBeGreaterThanOrEqual(best);
  });

  test('a tensor train is refined by alternating least squares', async () => {
    const ranks = [4, 6, 5];
    const network = trainNetwork(dims, ranks);
    const { factors, relativeError } = await tensorTrain(kernel, ranks, blas);
    const { errors } = await alternatingLeastSquares(network, kernel, factors, { blas, sweeps: 10 });
    expect(errors[0]).toBeCloseTo(relativeError, 12);
    expect(errors.at(-1)).toBeLessThan(relativeError);
  });

  test('ranks that do not exist are refused', async () => {
    await expect(splitSvd(kernel, [0], 17, blas)).rejects.toThrow('rank R = 17 lies outside 1 … 16');
    await expect(tensorTrain(kernel, [2, 7, 5], blas)).rejects.toThrow('rank R2 = 7 lies outside 1 … 6');
    await expect(tensorTrain(kernel, [2, 6], blas)).rejects.toThrow('rank R3 = 0');
  });
});

describe('cp', () => {
  test.each(['joint', 'split'] as const)('recovers a kernel of its own rank: %s', async (form) => {
    const dims = [1, 9, 8, 3, 3];
    const network = cpNetwork(dims, 4, form);
    const low = naiveContraction(network, randomFactors(network, seededRandom(8, 'low')));
    const fit = await cp(low, 4, { ...cpOptions(), spatial: form, starts: 6, maxSweeps: 2000, tolerance: 1e-12 });
    expect(await errorOf(network, fit, low)).toBeLessThan(1e-6);
  });

  test('agrees with the general fit where that starts from its result: nothing is left to gain', async () => {
    const dims = [1, 6, 5, 2, 2];
    const kernel = randomKernel(dims, 9);
    const { factors } = await cp(kernel, 3, { ...cpOptions(), maxSweeps: 3000, tolerance: 1e-13 });
    const { errors } = await alternatingLeastSquares(cpNetwork(dims, 3, 'joint'), kernel, factors, {
      blas,
      sweeps: 5,
      tolerance: 0,
    });
    expect(errors[0]! - errors.at(-1)!).toBeLessThan(1e-7);
  });

  test('balances the columns of every component', async () => {
    const dims = [1, 6, 5, 2, 2];
    const { factors } = await cp(randomKernel(dims, 10), 3, cpOptions());
    const norms = (array: NdArray, rankAxis: 1 | 2): number[] =>
      [0, 1, 2].map((r) => {
        const [, rows, columns] = [1, array.dims[1]!, array.data.length / array.dims[1]!];
        let sum = 0;
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++)
            if ((rankAxis === 1 ? i : j) === r) sum += array.data[i * columns + j]! ** 2;
        return Math.sqrt(sum);
      });
    const [a, k, b] = [norms(factors['A']!, 2), norms(factors['K']!, 1), norms(factors['B']!, 1)];
    for (let r = 0; r < 3; r++) {
      expect(a[r]! / b[r]!).toBeCloseTo(1, 8);
      expect(k[r]! / b[r]!).toBeCloseTo(1, 8);
    }
  });

  test('has a smaller error at larger ranks', async () => {
    const kernel = randomKernel([1, 8, 7, 3], 11);
    let last = 1;
    for (const rank of [2, 5, 9, 14]) {
      const { relativeError } = await cp(kernel, rank, cpOptions());
      expect(relativeError).toBeLessThan(last);
      last = relativeError;
    }
  });

  test('of a zero kernel is zero', async () => {
    const fit = await cp({ data: new Float64Array(30 * 4), dims: [1, 6, 5, 2, 2] }, 3, cpOptions());
    expect(fit.relativeError).toBe(0);
    expect(Object.values(fit.factors).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  test('refuses a rank below one', async () => {
    await expect(cp(randomKernel([1, 3, 3]), 0, cpOptions())).rejects.toThrow('rank R = 0');
  });
});

/** S, then as much as either side of each cut allows. */
function fullTrainRanks(dims: readonly number[]): number[] {
  const [, T, S, ...spatial] = dims as [number, number, number, ...number[]];
  return clampTrain(
    dims,
    [S, ...spatial, T].slice(0, spatial.length + 1).map(() => Number.MAX_SAFE_INTEGER),
  );
}

function clampTrain(dims: readonly number[], ranks: readonly number[]): number[] {
  const [, T, S, ...spatial] = dims as [number, number, number, ...number[]];
  let before = 1;
  return [S, ...spatial].map((size, j) => {
    const behind = [...spatial, T].slice(j).reduce((product, next) => product * next, 1);
    before = Math.min(ranks[j]!, before * size, behind);
    return before;
  });
}

/** A contracted kernel whose dims are those of the network's output. */
function asKernel(network: TensorNetwork, { data }: NdArray): NdArray {
  return { data, dims: network.output.map((index) => network.sizes[index]!) };
}
