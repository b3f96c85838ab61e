import type { Blas } from './blas.ts';
import { balance, type CpModel, type CpTensor, columnGram, hadamard, khatriRao, leastSquaresStep } from './cp-state.ts';

/**
 * Rounds over the cheap modes for each large product. With one channel mode held, the tensor is projected on it once
 * and the other channel mode and the spatial modes are solved again and again on the projection, for next to nothing.
 */
const ROUNDS = 3;

/** X contracted with one channel factor: float64[n, K, R], n the other channel mode. */
export interface Projection {
  readonly data: Float64Array;
  /** The mode that remains: 0 outputs, 1 inputs. */
  readonly mode: 0 | 1;
}

/** D[t,k,r] = Σ_s X[t,s,k] B[s,r]. */
export async function projectInputs(tensor: CpTensor, model: CpModel, rank: number, blas: Blas): Promise<Projection> {
  const [outputs, inputs] = tensor.sizes as [number, number];
  const m = outputs * tensor.positions;
  return { mode: 0, data: await blas.gemm64({ m, n: rank, k: inputs, a: tensor.inputsLast, b: model[1]! }) };
}

/** E[s,k,r] = Σ_t X[t,s,k] A[t,r]. */
export async function projectOutputs(tensor: CpTensor, model: CpModel, rank: number, blas: Blas): Promise<Projection> {
  const [outputs, inputs] = tensor.sizes as [number, number];
  const m = inputs * tensor.positions;
  return { mode: 1, data: await blas.gemm64({ m, n: rank, k: outputs, a: tensor.data, b: model[0]!, transA: true }) };
}

export interface Swept {
  readonly model: CpModel;
  /** ‖X̂ − X‖². */
  readonly squaredError: number;
}

/**
 * One sweep of alternating least squares over all modes, starting from the projection on the current input factor. The
 * error never rises.
 */
export async function sweep(
  tensor: CpTensor,
  model: CpModel,
  projection: Projection,
  rank: number,
  blas: Blas,
): Promise<Swept> {
  const first = await solveProjected(tensor, model, projection, ROUNDS, rank, blas);
  const back = await projectOutputs(tensor, first.model, rank, blas);
  const second = await solveProjected(tensor, first.model, back, ROUNDS, rank, blas);
  return { model: balance(second.model, rank), squaredError: second.squaredError };
}

/** Alternates over the remaining channel mode and the spatial modes, on one projection. */
export async function solveProjected(
  tensor: CpTensor,
  model: CpModel,
  projection: Projection,
  rounds: number,
  rank: number,
  blas: Blas,
): Promise<Swept> {
  let current = [...model];
  let squaredError = Number.POSITIVE_INFINITY;
  const grams = await Promise.all(model.map((factor) => columnGram(factor, rank, blas)));
  const update = async (mode: number, right: Float64Array): Promise<void> => {
    const normal = productOfOthers(grams, mode);
    const step = await leastSquaresStep(current[mode]!, right, normal, tensor.energy, rank, blas);
    current = current.with(mode, step.factor);
    grams[mode] = await columnGram(step.factor, rank, blas);
    squaredError = step.squaredError;
  };
  for (let round = 0; round < rounds; round++) {
    await update(projection.mode, overPositions(projection, khatriRao(current.slice(2), rank), rank));
    const rest = overChannels(projection, current[projection.mode]!, rank);
    for (let mode = 2; mode < current.length; mode++) {
      await update(mode, overOtherModes(rest, tensor.sizes, current, mode, rank));
    }
  }
  return { model: current, squaredError };
}

function productOfOthers(grams: readonly Float64Array[], mode: number): Float64Array {
  const [first, ...others] = grams.filter((_, m) => m !== mode);
  return hadamard(first!, ...others);
}

/** N[n,r] = Σ_k P[n,k,r] Z[k,r]. */
function overPositions({ data }: Projection, spatial: Float64Array, rank: number): Float64Array {
  const width = spatial.length;
  const result = new Float64Array((data.length / width) * rank);
  for (let n = 0, from = 0; from < data.length; n++, from += width) {
    for (let at = 0; at < width; at += rank) {
      for (let r = 0; r < rank; r++) result[n * rank + r]! += data[from + at + r]! * spatial[at + r]!;
    }
  }
  return result;
}

/** Q[k,r] = Σ_n P[n,k,r] F[n,r]. */
function overChannels({ data }: Projection, factor: Float64Array, rank: number): Float64Array {
  const width = (data.length / factor.length) * rank;
  const result = new Float64Array(width);
  for (let n = 0, from = 0; from < data.length; n++, from += width) {
    for (let at = 0; at < width; at += rank) {
      for (let r = 0; r < rank; r++) result[at + r]! += data[from + at + r]! * factor[n * rank + r]!;
    }
  }
  return result;
}

/** Q over all spatial modes but one, each contracted with its factor: float64[nₘ, R]. */
function overOtherModes(
  rest: Float64Array,
  sizes: readonly number[],
  model: CpModel,
  mode: number,
  rank: number,
): Float64Array {
  if (sizes.length === 3) return rest;
  const before = khatriRao(model.slice(2, mode), rank);
  const after = khatriRao(model.slice(mode + 1), rank);
  const result = new Float64Array(sizes[mode]! * rank);
  let from = 0;
  for (let b = 0; b < before.length; b += rank) {
    for (let i = 0; i < result.length; i += rank) {
      for (let a = 0; a < after.length; a += rank, from += rank) {
        for (let r = 0; r < rank; r++) result[i + r]! += rest[from + r]! * before[b + r]! * after[a + r]!;
      }
    }
  }
  return result;
}
