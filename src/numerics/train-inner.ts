import type { Blas } from './blas.ts';
import { expandInputs } from './block-core.ts';
import { type InnerFit, type InnerMethod, type InputFit, inputInverse, sweepOnce } from './fit-inputs.ts';
import { orthonormalGauge } from './gauge.ts';
import { lowRankInner, solveLowRank } from './low-rank-inner.ts';
import { nextProblem, type Projected } from './metric-problem.ts';
import { basisStart } from './metric-starts.ts';
import { elementCount } from './nd-array.ts';

/** The rest of a train: its next factor H [R′, (R, k)] and what comes behind it. */
export interface TrainFit extends InnerFit {
  /** Absent in the last factor, which is the core itself. */
  readonly rest: InputFit<TrainFit> | undefined;
}

/**
 * F as the rest of a tensor train. Its next factor is to the problem projected on the last one what the first is to the whole
 * problem, so the same step improves it, down to the last, which has a closed form together with U.
 *
 * @param spatial sizes of the spatial axes that are left
 * @param ranks of the factors behind them
 * @param steps of conjugate gradients on each factor
 */
export function trainInner(
  spatial: readonly number[],
  ranks: readonly number[],
  steps: number,
  blas: Blas,
): InnerMethod<TrainFit> {
  if (spatial.length <= 1) return lastFactor(ranks[0], blas);
  const [, ...axes] = spatial as [number, ...number[]];
  const [rank, ...behind] = ranks as [number, ...number[]];
  const deeper = trainInner(axes, behind, steps, blas);
  const assemble = async (rest: InputFit<TrainFit>, { rank: R }: Projected): Promise<TrainFit> => {
    const inputs = R * spatial[0]!;
    const { core, output, error } = rest.inner;
    const data = Float64Array.from(await expandInputs(core, rest.basis, inputs, 'float64', blas));
    const whole = { blocks: 1, a: core.a, b: R, positions: elementCount(spatial), data };
    return { output, core: whole, error, rest };
  };
  const improve = async (projected: Projected, { rest }: TrainFit): Promise<TrainFit> => {
    const problem = nextProblem(projected, spatial, blas);
    const inputs = await inputInverse(problem, blas);
    return assemble(await sweepOnce(problem, rest!, deeper, inputs, { steps, blas }), projected);
  };
  return {
    improve,
    async start(projected) {
      const problem = nextProblem(projected, spatial, blas);
      const free = await solveLowRank(projected, ranks.at(-1), blas);
      const first = await basisStart(problem, free.core.data, free.core.a, rank, blas);
      const { basis } = await orthonormalGauge(first, rank, blas);
      return assemble({ basis, inner: await deeper.start(await problem.project(basis, rank)) }, projected);
    },
    absorb(inner, { mixing }) {
      const { basis, inner: behind } = inner.rest!;
      const R = inner.core.b;
      return { ...inner, rest: { basis: mixInputs(basis, mixing, R, spatial[0]!), inner: behind } };
    },
  };
}

function lastFactor(rank: number | undefined, blas: Blas): InnerMethod<TrainFit> {
  const { start } = lowRankInner(rank, blas);
  const solve = async (projected: Projected): Promise<TrainFit> => ({ ...(await start(projected)), rest: undefined });
  return { start: solve, improve: solve, absorb: (inner) => inner };
}

/** H[n,(r,k)] ← Σ_q H[n,(q,k)]·M[q,r]. */
function mixInputs(basis: Float64Array, mixing: Float64Array, R: number, size: number): Float64Array {
  const result = new Float64Array(basis.length);
  for (let row = 0; row < basis.length; row += R * size) {
    for (let q = 0; q < R; q++) {
      for (let r = 0; r <= q; r++) {
        const weight = mixing[q * R + r]!;
        for (let k = 0; k < size; k++) result[row + r * size + k]! += weight * basis[row + q * size + k]!;
      }
    }
  }
  return result;
}
