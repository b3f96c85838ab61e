import { describe, expect, test } from '@jest/globals';
import { blockObjective } from '../../src/numerics/block-objective.ts';
import type { PartLayout } from '../../src/numerics/core-parts.ts';
import { inputInverse } from '../../src/numerics/fit-inputs.ts';
import { plainBlas as blas } from '../../src/numerics/index.ts';
import { metricGroups, scaledProblem } from '../../src/numerics/metric-fit.ts';
import { gramWithSpectrum, normalMatrix } from '../numerics/random-matrices.ts';

const [T, S] = [6, 5];

/** CP, CP with separate axes, and blocks of 1 × 2, 3 × 2 and all in one. */
const layouts: readonly (readonly [string, PartLayout])[] = [
  ['CP', { blocks: 4, a: 1, b: 1, rows: 4, sizes: [6] }],
  ['CP along each axis', { blocks: 4, a: 1, b: 1, rows: 4, sizes: [2, 3] }],
  ['blocks of 1 × 2', { blocks: 2, a: 1, b: 2, rows: 4, sizes: [6] }],
  ['blocks of 3 × 2', { blocks: 2, a: 3, b: 2, rows: 12, sizes: [6] }],
  ['one block', { blocks: 1, a: 4, b: 3, rows: 12, sizes: [6] }],
];

async function objective(layout: PartLayout) {
  const kernel = { data: normalMatrix(1, T, S * 6), dims: [1, T, S, 2, 3] };
  const gram = gramWithSpectrum(2, S * 6, (i) => 1 / (1 + i));
  for await (const group of metricGroups(kernel, { metric: { grams: [gram] }, blas })) {
    if (!group) throw new Error('the kernel has energy');
    const { problem } = scaledProblem(group, [], blas, 'float64');
    return blockObjective(problem, layout, await inputInverse(problem, blas), blas);
  }
  throw new Error('the kernel has a group');
}

function startOf({ blocks, b, rows, sizes }: PartLayout): Float64Array {
  return normalMatrix(3, 1, blocks * b * S + rows * sizes.reduce((sum, size) => sum + size, 0));
}

describe.each(layouts)('the error of a block model: %s', (_, layout) => {
  test('has the slope that its differences show', async () => {
    const { evaluate } = await objective(layout);
    const x = startOf(layout);
    const gradient = await (await evaluate(x)).gradient();
    for (let at = 0; at < x.length; at += 3) {
      const h = 1e-5;
      const { value: above } = await evaluate(x.with(at, x[at]! + h));
      const { value: below } = await evaluate(x.with(at, x[at]! - h));
      // A central difference is off by O(h²) and by rounding over h.
      expect(gradient[at]).toBeCloseTo((above - below) / (2 * h), 6);
    }
  });

  test('is scaled by something symmetric and positive', async () => {
    const { evaluate, preconditioner } = await objective(layout);
    const x = startOf(layout);
    const scaled = await preconditioner(await evaluate(x));
    const [a, b] = [normalMatrix(4, 1, x.length), normalMatrix(5, 1, x.length)];
    const [ofA, ofB] = [await scaled(a), await scaled(b)];
    const inner = (p: Float64Array, q: Float64Array) => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
    expect(inner(a, ofA)).toBeGreaterThan(0);
    expect(Math.abs(inner(a, ofB) - inner(ofA, b))).toBeLessThan(1e-9 * Math.sqrt(inner(a, ofA) * inner(b, ofB)));
  });
});
