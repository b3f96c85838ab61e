import type { Blas } from './blas.ts';
import { type BlockedCholesky, blockedCholesky, blockedSolveLower, solveUpper } from './blocked-cholesky.ts';
import type { InnerFit, InnerMethod } from './fit-inputs.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import type { Projected } from './metric-problem.ts';
import { permuteAxes } from './permute-axes.ts';
import { leadingVectors } from './row-basis.ts';
import { transpose } from './transpose.ts';

/** Shift of H that float32 calls for, relative to its mean diagonal. */
const SHIFTS = { float32: 1e-6, float64: 1e-12 };

/**
 * F of a given rank R4, or any F: the projected problem in closed form. With H = L·Lᵀ and Y = L⁻¹Dᵀ the free optimum is
 * F = Yᵀ·L⁻¹; of rank R4 it is U·Uᵀ·F with U the leading eigenvectors of YᵀY (reduced-rank regression, Izenman 1975).
 *
 * @param R4 undefined for a free F, whose outputs are the kernel's
 */
export function lowRankInner(R4: number | undefined, blas: Blas): InnerMethod<InnerFit> {
  const solve = (projected: Projected) => solveLowRank(projected, R4, blas);
  return {
    start: solve,
    improve: solve,
    absorb: (inner) => inner,
  };
}

/** @throws RangeError when H is not positive definite */
export async function solveLowRank(projected: Projected, R4: number | undefined, blas: Blas): Promise<InnerFit> {
  const { rank, positions, outputs } = projected;
  const size = rank * positions;
  const whole = await whiteOutputs(projected, blas);
  let { half } = whole;
  let output: Float64Array | undefined;
  if (R4 !== undefined) {
    const energies = await blas.gemm64({ m: outputs, n: outputs, k: size, a: half, b: half, transA: true });
    output = await leadingVectors(energies, outputs, R4, blas);
    half = await blas.gemm64({ m: size, n: R4, k: outputs, a: half, b: output });
  }
  const columns = R4 ?? outputs;
  const data = transpose(await solveUpper(whole.factor, half, columns, blas), size, columns);
  const core = { blocks: 1, a: columns, b: rank, positions, data };
  return { output, core, error: Math.max(0, 1 - sumOfSquares(half)) };
}

/**
 * L of H and Y = L⁻¹Dᵀ, float64[R·K, T] with r slowest: the energy of row (r, k) is what it adds to a free F on the rows
 * before it.
 */
export async function whiteOutputs(
  { rank, positions, outputs, gram, cross, precision }: Projected,
  blas: Blas,
): Promise<{ readonly factor: BlockedCholesky; readonly half: Float64Array }> {
  const size = rank * positions;
  const square = permuteAxes({ data: gram, dims: [size, positions, rank] }, [0, 2, 1]).data;
  const right = permuteAxes({ data: Float64Array.from(cross), dims: [outputs, positions, rank] }, [2, 1, 0]).data;
  let mean = 0;
  for (let i = 0; i < size; i++) mean += square[i * size + i]! / size;
  const factor = await blockedCholesky(square, size, blas, SHIFTS[precision] * mean);
  return { factor, half: await blockedSolveLower(factor, right, outputs, blas) };
}
