import { describe, expect, test } from '@jest/globals';
import { plainBlas as blas, contract, seededRandom } from '../../src/numerics/index.ts';
import { kernelStacks } from '../../src/numerics/kernel-stack.ts';
import { inputGram, outputGram, tuckerCore } from '../../src/numerics/tucker-projections.ts';
import { relativeDifference } from './networks.ts';

const [T, S, K, R4, R3] = [7, 6, 3, 4, 2];
const random = seededRandom(1, 'projections');
const kernel = { data: Float32Array.from(random.normals(T * S * K)), dims: [1, T, S, K] };
const W = { data: Float64Array.from(kernel.data), dims: [T, S, K] };
const U = { data: random.normals(T * R4), dims: [T, R4] };
const V = { data: random.normals(S * R3), dims: [S, R3] };
const sizes = { t: T, t2: T, s: S, s2: S, k: K, q: R4, r: R3 };

/** A single block, then a block per position, as large kernels have. */
describe.each([
  ['in one block', T * S * K],
  ['position by position', 1],
])('a kernel %s', (_, blockElements) => {
  const stack = [...kernelStacks(kernel, blockElements)][0]!;

  test('has as many blocks as it should', () => {
    expect(stack.blocks).toHaveLength(blockElements === 1 ? K : 1);
  });

  test('gives the Gram of its outputs, projected on a basis and whole', async () => {
    const factors = [
      { name: 'W', indices: ['t', 's', 'k'] },
      { name: 'V', indices: ['s', 'r'] },
      { name: 'W2', indices: ['t2', 's2', 'k'] },
      { name: 'V2', indices: ['s2', 'r'] },
    ];
    const projected = await contract({ sizes, factors, output: ['t', 't2'] }, { W, V, W2: W, V2: V }, blas);
    expect(relativeDifference(await outputGram(stack, V.data, blas), projected.data)).toBeLessThan(1e-13);
    const plain = [factors[0]!, { name: 'W2', indices: ['t2', 's', 'k'] }];
    const whole = await contract({ sizes, factors: plain, output: ['t', 't2'] }, { W, W2: W }, blas);
    expect(relativeDifference(await outputGram(stack, undefined, blas), whole.data)).toBeLessThan(1e-13);
  });

  test('gives the Gram of its inputs, projected on a basis and whole', async () => {
    const factors = [
      { name: 'W', indices: ['t', 's', 'k'] },
      { name: 'U', indices: ['t', 'q'] },
      { name: 'W2', indices: ['t2', 's2', 'k'] },
      { name: 'U2', indices: ['t2', 'q'] },
    ];
    const projected = await contract({ sizes, factors, output: ['s', 's2'] }, { W, U, W2: W, U2: U }, blas);
    expect(relativeDifference(await inputGram(stack, U.data, blas), projected.data)).toBeLessThan(1e-13);
    const plain = [factors[0]!, { name: 'W2', indices: ['t', 's2', 'k'] }];
    const whole = await contract({ sizes, factors: plain, output: ['s', 's2'] }, { W, W2: W }, blas);
    expect(relativeDifference(await inputGram(stack, undefined, blas), whole.data)).toBeLessThan(1e-13);
  });

  test('gives the core of two bases, of one and of none', async () => {
    const network = {
      sizes,
      factors: [
        { name: 'W', indices: ['t', 's', 'k'] },
        { name: 'U', indices: ['t', 'q'] },
        { name: 'V', indices: ['s', 'r'] },
      ],
      output: ['q', 'r', 'k'],
    };
    const both = await contract(network, { W, U, V }, blas);
    expect(
      relativeDifference(await tuckerCore(stack, { output: U.data, input: V.data }, blas), both.data),
    ).toBeLessThan(1e-13);
    const oneSided = { ...network, factors: network.factors.slice(0, 2), output: ['q', 's', 'k'] };
    const one = await contract(oneSided, { W, U }, blas);
    expect(
      relativeDifference(await tuckerCore(stack, { output: U.data, input: undefined }, blas), one.data),
    ).toBeLessThan(1e-13);
    expect(await tuckerCore(stack, { output: undefined, input: undefined }, blas)).toEqual(W.data);
  });
});
