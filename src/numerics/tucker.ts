import { sumOfSquares } from './frobenius-norm.ts';
import { type HooiOptions, hooi } from './hooi.ts';
import { kernelShape, kernelStacks } from './kernel-stack.ts';
import { type NdArray, projectionError, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import { checkRank } from './row-basis.ts';
import type { Fit } from './tensor-network.ts';
import { tuckerCore } from './tucker-projections.ts';

/** Ranks of a Tucker-2 decomposition. Leaving one out leaves its mode whole: the one-sided forms. */
export interface TuckerRanks {
  /** Input-side rank, 1 … S. */
  readonly R3?: number;
  /** Output-side rank, 1 … T. */
  readonly R4?: number;
}

export type TuckerOptions = HooiOptions;

/**
 * Tucker-2 of a kernel, group by group, with orthonormal U and V:
 *
 *   W[g,t,s,k] ≈ Σ_{q,r} U[g,t,q] C[g,q,r,k] V[g,r,s]      (Kim et al. 2016)
 *
 * by HOOI on the two channel modes (see hooi).
 *
 * At full ranks U and V are identities and C is W itself. A one-sided form needs no sweep: its start is the optimum.
 *
 * @param kernel [g, t, s, k…]
 * @returns U[g,t,R4] (unless R4 is left out), C[g,R4 or t,R3 or s,k…], V[g,R3,s] (unless R3 is left out)
 */
export async function tucker2(kernel: RealNdArray, ranks: TuckerRanks, options: TuckerOptions): Promise<Fit> {
  const { groups, outputs, inputs, spatial, positions } = kernelShape(kernel);
  const [R4, R3] = [ranks.R4 ?? outputs, ranks.R3 ?? inputs];
  checkRank('R4', R4, outputs);
  checkRank('R3', R3, inputs);
  const U = new Float64Array(groups * outputs * R4);
  const V = new Float64Array(groups * R3 * inputs);
  const C = new Float64Array(groups * R4 * R3 * positions);
  let g = 0;
  for (const stack of kernelStacks(kernel)) {
    const bases = await hooi(stack, R4, R3, options);
    if (bases.output) U.set(bases.output, g * outputs * R4);
    if (bases.input) V.set(transposed(bases.input, inputs, R3), g * R3 * inputs);
    C.set(await tuckerCore(stack, bases, options.blas), g * R4 * R3 * positions);
    g++;
  }
  if (R4 === outputs) fillIdentities(U, outputs);
  if (R3 === inputs) fillIdentities(V, inputs);
  const factors: Record<string, NdArray> = { C: { data: C, dims: [groups, R4, R3, ...spatial] } };
  if (ranks.R4 !== undefined) factors['U'] = { data: U, dims: [groups, outputs, R4] };
  if (ranks.R3 !== undefined) factors['V'] = { data: V, dims: [groups, R3, inputs] };
  const relativeError = R4 < outputs || R3 < inputs ? projectionError(sumOfSquares(kernel.data), sumOfSquares(C)) : 0;
  return { factors, relativeError };
}

function transposed(data: Float64Array, rows: number, columns: number): Float64Array {
  return permuteAxes({ data, dims: [rows, columns] }, [1, 0]).data;
}

/** Each n × n block becomes the identity. */
function fillIdentities(blocks: Float64Array, n: number): void {
  for (let row = 0; row < blocks.length; row += n) blocks[row + ((row / n) % n)] = 1;
}
