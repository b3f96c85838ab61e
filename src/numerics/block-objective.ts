import { multiply } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import { expandInputs, inputWeights, reduceInputs, reduceOntoCore } from './block-core.ts';
import { axisGram, rowGram, type Solver, shiftedInverse, shiftedSolver } from './block-preconditioner.ts';
import { type PartLayout, partProduct, reducePart } from './core-parts.ts';
import { symmetrize } from './mean-blocks.ts';
import { inPrecision, type MetricProblem } from './metric-problem.ts';
import { outputStep } from './output-step.ts';
import { permuteAxes } from './permute-axes.ts';
import type { Evaluation, QuasiNewtonProblem } from './quasi-newton.ts';
import { Scratch } from './scratch.ts';
import { subtract } from './subtract.ts';

/** A block model with the best A for its B and core. */
export interface BlockPoint extends Evaluation {
  /** A, float64[T, R4]. */
  readonly output: Float64Array;
}

/** Proximal weight of the step on A: what rounding in M calls for. */
const PROXIMITY = { float32: 1e-7, float64: 1e-11 };

/**
 * ‖Ŵ − W‖²/‖W‖² of Ŵ = A·C·B as a function of B and the parts of the core alone, A being the best there is for them
 * (variable projection, Golub & Pereyra 1973). With Y = C·B, one product with G of R4 rows gives the value and all that the
 * gradient needs, for at the best A that is only 2·Aᵀ·(A·Y·G − W·G), contracted with C or with B.
 *
 * x is [B, part, part …]. The preconditioner treats the parts as independent and G as G_S ⊗ G_K: for B it is that of
 * inputStep, for a part N⁻¹·X·G_k⁻¹ with N the Gram matrix of all the other factors, row by row.
 *
 * Alternating least squares over the same model (CG on B, 2–3 alternations of A and C on the problem projected on B,
 * extrapolation) needed 100 sweeps where this needs 60 steps of less than a third of their cost each: P = 1152, R = 128, from
 * .101 to .0189 in 16 sweeps or 16 steps, to .0093 in 60 steps, the time of 16 sweeps.
 *
 * @param inputsInverse of `problem.inputGram`, float64[S, S]
 */
export async function blockObjective(
  problem: MetricProblem,
  layout: PartLayout,
  inputsInverse: Float64Array,
  blas: Blas,
): Promise<QuasiNewtonProblem<BlockPoint>> {
  const { inputs: S, positions: K, outputs: T, precision, cross } = problem;
  const [outs, rank] = [layout.blocks * layout.a, layout.blocks * layout.b];
  const columns = S * K;
  const fields = [rank * S, ...layout.sizes.map((size) => layout.rows * size)];
  const scratch = new Scratch();
  const axisInverses: Float64Array[] = [];
  for (const [i, size] of layout.sizes.entries())
    axisInverses.push(await shiftedInverse(axisGram(problem.positionGram, layout.sizes, i), size, blas));
  const unpack = (x: Float64Array) => {
    let at = 0;
    const [basis, ...parts] = fields.map((length) => {
      at += length;
      return x.subarray(at - length, at);
    });
    return { basis: basis!, parts, core: partProduct(layout, parts) };
  };
  const product = (name: string, m: number, n: number, k: number, a: RealArray, b: RealArray, flags: object = {}) =>
    multiply(
      { m, n, k, a: inPrecision(a, precision), b, ...flags },
      blas,
      precision,
      scratch.take(name, m * n, precision),
    );

  async function evaluate(x: Float64Array): Promise<BlockPoint> {
    const { basis, core } = unpack(x);
    const rows = await expandInputs(core, basis, S, precision, blas);
    const image = await problem.timesGram(rows, outs, scratch.take('image', outs * columns, precision));
    const turned = permuteAxes({ data: rows, dims: [outs, S, K] }, [0, 2, 1]).data;
    const normal = new Float64Array(await product('normal', outs, outs, columns, image, turned, { transB: true }));
    const right = new Float64Array(await product('right', T, outs, columns, cross, turned, { transB: true }));
    const proximity = PROXIMITY[precision];
    const solved = await outputStep(undefined, right, symmetrize(normal, outs), outs, 1, proximity, blas);
    return { x, value: solved.error, output: solved.output, gradient: () => gradient(x, solved.output, image) };
  }

  /** @param image Y·G of the last evaluation */
  async function gradient(x: Float64Array, output: Float64Array, image: RealArray): Promise<Float64Array> {
    const { basis, parts, core } = unpack(x);
    // Aᵀ·A first: R4² products a column instead of R4·T, and nothing of T rows is made.
    const gamma = await blas.gemm64({ m: outs, n: outs, k: T, a: output, b: output, transA: true });
    const difference = await product('difference', outs, columns, outs, gamma, image);
    const wanted = await product('wanted', outs, columns, T, output, cross, { transA: true });
    subtract(difference, wanted);
    const result = new Float64Array(x.length);
    result.set(await reduceInputs(core, difference, S, blas));
    const onCore = await reduceOntoCore(core, difference, basis, S, blas);
    let at = fields[0]!;
    for (const [i, part] of parts.entries()) {
      result.set(reducePart(layout, parts, i, onCore), at);
      at += part.length;
    }
    for (let i = 0; i < result.length; i++) result[i]! *= 2;
    return result;
  }

  async function preconditioner({ x, output }: BlockPoint) {
    const { basis, parts, core } = unpack(x);
    const gamma = await blas.gemm64({ m: outs, n: outs, k: T, a: output, b: output, transA: true });
    const image = await blas.gemm64({ m: rank, n: S, k: S, a: basis, b: problem.inputGram });
    const inner = await blas.gemm64({ m: rank, n: rank, k: S, a: image, b: basis, transB: true });
    const sides: { readonly solve: Solver; readonly height: number; readonly right: Float64Array }[] = [
      {
        solve: await shiftedSolver(await inputWeights(core, gamma, blas), rank, blas),
        height: rank,
        right: inputsInverse,
      },
    ];
    for (const [i, right] of axisInverses.entries()) {
      const solve = await shiftedSolver(rowGram(layout, parts, i, gamma, inner), layout.rows, blas);
      sides.push({ solve, height: layout.rows, right });
    }
    return async (direction: Float64Array): Promise<Float64Array> => {
      const result = new Float64Array(direction.length);
      let at = 0;
      for (const [i, length] of fields.entries()) {
        const { solve, height, right } = sides[i]!;
        const width = length / height;
        const half = await solve(direction.subarray(at, at + length), width);
        result.set(await blas.gemm64({ m: height, n: width, k: width, a: half, b: right }), at);
        at += length;
      }
      for (let i = 0; i < result.length; i++) result[i]! /= 2;
      return result;
    };
  }

  return { evaluate, preconditioner };
}
