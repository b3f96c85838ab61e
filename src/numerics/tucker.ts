import { addGram } from './add-gram.ts';
import type { Blas } from './blas.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import { capturedEnergy, improveBasis } from './improve-basis.ts';
import { type KernelStack, kernelShape, kernelStacks, stackMatrix } from './kernel-stack.ts';
import { type NdArray, projectionError, type RealNdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import { checkRank, leadingVectors } from './row-basis.ts';
import type { Fit } from './tensor-network.ts';

/** Ranks of a Tucker-2 decomposition. Leaving one out leaves its mode whole: the one-sided forms. */
export interface TuckerRanks {
  /** Input-side rank, 1 … S. */
  readonly R3?: number;
  /** Output-side rank, 1 … T. */
  readonly R4?: number;
}

export interface TuckerOptions {
  readonly blas: Blas;
  /** Sweeps of HOOI after the HOSVD start; 10 by default, 0 for the HOSVD alone. */
  readonly maxSweeps?: number;
  /** HOOI ends when a sweep lowers ‖Ŵ−W‖/‖W‖ by less than this; 1e-7 by default. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
  /** Called with ‖Ŵ−W‖/‖W‖ of one group after its start (sweep 0) and after each sweep. */
  onSweep?(sweep: number, relativeError: number): void;
}

/**
 * Tucker-2 of a kernel, group by group, with orthonormal U and V:
 *
 *   W[g,t,s,k] ≈ Σ_{q,r} U[g,t,q] C[g,q,r,k] V[g,r,s]      (Kim et al. 2016)
 *
 * Start: sequentially truncated HOSVD (Vannieuwenhoven et al. 2012), U from the whole kernel, V from the kernel projected
 * on U. Then HOOI (De Lathauwer et al. 2000; Kolda & Bader 2009, figure 4.4) on the two channel modes: each half sweep
 * improves one basis for the kernel projected on the other, so the error never rises. A basis is improved by one warm
 * step of orthogonal iteration rather than a new eigen-decomposition: at 512 channels a tenth of the work, with the same
 * limit.
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
    const bases = await fitBases(stack, R4, R3, options);
    if (bases.output) U.set(bases.output, g * outputs * R4);
    if (bases.input) V.set(transposed(bases.input, inputs, R3), g * R3 * inputs);
    C.set(await core(stack, bases, options.blas), g * R4 * R3 * positions);
    g++;
  }
  if (R4 === outputs) fillIdentities(U, outputs);
  if (R3 === inputs) fillIdentities(V, inputs);
  const factors: Record<string, NdArray> = { C: { data: C, dims: [groups, R4, R3, ...spatial] } };
  if (ranks.R4 !== undefined) factors['U'] = { data: U, dims: [groups, outputs, R4] };
  if (ranks.R3 !== undefined) factors['V'] = { data: V, dims: [groups, R3, inputs] };
  const weightError = R4 < outputs || R3 < inputs ? projectionError(sumOfSquares(kernel.data), sumOfSquares(C)) : 0;
  return { factors, weightError };
}

/** Orthonormal columns per mode; undefined where the mode is whole. */
interface Bases {
  /** float64[T, R4]. */
  readonly output: Float64Array | undefined;
  /** float64[S, R3]. */
  readonly input: Float64Array | undefined;
}

async function fitBases(stack: KernelStack, R4: number, R3: number, options: TuckerOptions): Promise<Bases> {
  const { outputs, inputs } = stack;
  const { blas, maxSweeps = 10, tolerance = 1e-7, onSweep } = options;
  const output =
    R4 < outputs ? await leadingVectors(await outputGram(stack, undefined, blas), outputs, R4, blas) : undefined;
  if (R3 === inputs) return { output, input: undefined };
  let gram = await inputGram(stack, output, blas);
  let bases = { output, input: await leadingVectors(gram, inputs, R3, blas) };
  if (!output) return bases;
  const energy = sumOfSquares(stack.data);
  let error = projectionError(energy, await capturedEnergy(gram, inputs, bases.input, blas));
  onSweep?.(0, error);
  for (let sweep = 1; sweep <= maxSweeps && error > 0; sweep++) {
    options.signal?.throwIfAborted();
    const U = await improveBasis(await outputGram(stack, bases.input, blas), outputs, bases.output!, blas);
    gram = await inputGram(stack, U, blas);
    const V = await improveBasis(gram, inputs, bases.input, blas);
    const next = projectionError(energy, await capturedEnergy(gram, inputs, V, blas));
    bases = { output: U, input: V };
    onSweep?.(sweep, next);
    if (error - next < tolerance) break;
    error = next;
  }
  return bases;
}

/** Σ_k (W_k V)(W_k V)ᵀ, float64[T, T]; V left out stands for the identity. */
async function outputGram(stack: KernelStack, input: Float64Array | undefined, blas: Blas): Promise<Float64Array> {
  const { outputs: rows, inputs, positions } = stack;
  const gram = new Float64Array(rows * rows);
  for (let k = 0; k < positions; k++) {
    const data = stackMatrix(stack, k);
    const columns = input ? input.length / inputs : inputs;
    const projected = input ? await blas.gemm64({ m: rows, n: columns, k: inputs, a: data, b: input }) : data;
    await addGram(gram, { data: projected, rows, columns }, blas);
  }
  return gram;
}

/** Σ_k (W_kᵀ U)(W_kᵀ U)ᵀ, float64[S, S]; U left out stands for the identity. */
async function inputGram(stack: KernelStack, output: Float64Array | undefined, blas: Blas): Promise<Float64Array> {
  const { outputs, inputs: rows, positions } = stack;
  const gram = new Float64Array(rows * rows);
  for (let k = 0; k < positions; k++) {
    const matrix = stackMatrix(stack, k);
    const columns = output ? output.length / outputs : outputs;
    const data = output
      ? await blas.gemm64({ m: rows, n: columns, k: outputs, a: matrix, b: output, transA: true })
      : permuteAxes({ data: matrix, dims: [outputs, rows] }, [1, 0]).data;
    await addGram(gram, { data, rows, columns }, blas);
  }
  return gram;
}

/** C[q,r,k] = Σ_{t,s} U[t,q] W[t,s,k] V[s,r], float64[R4, R3, K]. */
async function core(stack: KernelStack, { output, input }: Bases, blas: Blas): Promise<Float64Array> {
  const { outputs, inputs, positions } = stack;
  const R4 = output ? output.length / outputs : outputs;
  const R3 = input ? input.length / inputs : inputs;
  const result = new Float64Array(R4 * R3 * positions);
  for (let k = 0; k < positions; k++) {
    let matrix = stackMatrix(stack, k);
    if (output) matrix = await blas.gemm64({ m: R4, n: inputs, k: outputs, a: output, b: matrix, transA: true });
    if (input) matrix = await blas.gemm64({ m: R4, n: R3, k: inputs, a: matrix, b: input });
    for (let i = 0; i < matrix.length; i++) result[i * positions + k] = matrix[i]!;
  }
  return result;
}

function transposed(data: Float64Array, rows: number, columns: number): Float64Array {
  return permuteAxes({ data, dims: [rows, columns] }, [1, 0]).data;
}

/** Each n × n block becomes the identity. */
function fillIdentities(blocks: Float64Array, n: number): void {
  for (let row = 0; row < blocks.length; row += n) blocks[row + ((row / n) % n)] = 1;
}
