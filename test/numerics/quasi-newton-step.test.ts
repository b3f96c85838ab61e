import { expect, test } from '@jest/globals';
import { appliedGram, applyGram } from '../../src/numerics/improve-basis.ts';
import { innerProduct } from '../../src/numerics/inner-product.ts';
import { invertLower } from '../../src/numerics/invert-lower.ts';
import { orthonormalizeColumns } from '../../src/numerics/orthonormalize-columns.ts';
import { plainBlas as blas } from '../../src/numerics/plain-blas.ts';
import { type BasisMove, basisPoint, quasiNewtonStep } from '../../src/numerics/quasi-newton-step.ts';
import { Scratch } from '../../src/numerics/scratch.ts';
import { symmetricEigen } from '../../src/numerics/symmetric-eigen.ts';
import { gramWithSpectrum, largestDifference, normalMatrix, orthonormalityError } from './random-matrices.ts';

const [n, rank] = [40, 6];
const gram = appliedGram(
  gramWithSpectrum(3, n, (i) => 0.95 ** i),
  n,
  'float64',
  new Scratch(),
);

/** What is left of tr(BᵀGB) after `steps` of orthogonal iteration, each from where `quasi` or the last one led. */
async function lossAfter(steps: number, quasi: boolean): Promise<number> {
  let basis = (await orthonormalizeColumns(normalMatrix(5, n, rank), n, rank, blas)) as Float64Array;
  let last: BasisMove | undefined;
  for (let count = 0; count < steps; count++) {
    const image = await applyGram(gram, basis, blas);
    const improved = (await orthonormalizeColumns(image, n, rank, blas)) as Float64Array;
    const point = await basisPoint(basis, image, improved, n, 'float64', blas);
    const { step } = await quasiNewtonStep(point, last, blas);
    const size = Math.sqrt(innerProduct(step, step));
    const overlap = await blas.gemm64({ m: rank, n: rank, k: n, a: basis, b: step, transA: true });
    expect(largestDifference(overlap, new Float64Array(rank * rank))).toBeLessThan(1e-13 * (1 + size));
    if (quasi) last = { from: point, step };
    const moved = basis.map((x, i) => x + (step[i] as number));
    basis = quasi ? ((await orthonormalizeColumns(moved, n, rank, blas)) as Float64Array) : improved;
  }
  expect(orthonormalityError(basis, n, rank)).toBeLessThan(1e-13);
  const { values } = await symmetricEigen(gram.matrix, n);
  const most = values.subarray(0, rank).reduce((sum, value) => sum + value, 0);
  return 1 - innerProduct(await applyGram(gram, basis, blas), basis) / most;
}

test('steps are orthogonal to the basis and lead to the maximum sooner than the iteration alone', async () => {
  const [slow, fast] = [await lossAfter(40, false), await lossAfter(40, true)];
  expect(fast).toBeGreaterThan(-1e-12);
  expect(fast).toBeLessThan(slow / 10);
});

test.each([1, 4, 5, 6, 7, 30])('the inverse of a lower triangle of %i rows is one', async (size) => {
  const lower = normalMatrix(7, size, size).map((x, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    return column > row ? 0 : column === row ? 2 + Math.abs(x) : x / size;
  });
  const product = await blas.gemm64({ m: size, n: size, k: size, a: lower, b: invertLower(lower, size) });
  const unit = product.map((_, at) => (at % (size + 1) === 0 ? 1 : 0));
  expect(largestDifference(product, unit)).toBeLessThan(1e-13);
});
