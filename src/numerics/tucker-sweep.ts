import { inPrecision, multiply, type Precision } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import { appliedGram, applyGram, improveBasis } from './improve-basis.ts';
import { innerProduct } from './inner-product.ts';
import type { KernelStack } from './kernel-stack.ts';
import { projectionError } from './nd-array.ts';
import { leadingVectors } from './row-basis.ts';
import type { Scratch } from './scratch.ts';
import { inputGram, outputGram } from './tucker-projections.ts';

/** What stays the same from sweep to sweep. */
export interface SweepFit {
  readonly stack: KernelStack;
  /** ‖W‖². */
  readonly energy: number;
  readonly R4: number;
  readonly blas: Blas;
  readonly scratch: Scratch;
}

/** One sweep's result. */
export interface Sweep {
  /** V where the sweep began. */
  readonly start: Float64Array;
  readonly output: Float64Array;
  /** G·start, with G the Gram matrix of the inputs of the kernel projected on `output`. */
  readonly image: RealArray;
  /** V as the sweep improved it. */
  readonly input: Float64Array;
  /** tr(VᵀGV) of the improved V less that of `start`. */
  readonly rise: number;
  readonly error: number;
  readonly precision: Precision;
}

/** U for the kernel projected on `start`, then V for the kernel projected on U; the first U as eigenvectors. */
export async function tuckerSweep(fit: SweepFit, last: Sweep | undefined, start: Float64Array): Promise<Sweep> {
  const { stack, energy, R4, blas, scratch } = fit;
  const { outputs, inputs } = stack;
  const precision = sweepPrecision(stack, energy, last?.error ?? 1);
  const seen = await outputGram(stack, start, blas, precision, scratch);
  const output = last
    ? await improveBasis(appliedGram(seen, outputs, precision, scratch), last.output, blas)
    : await leadingVectors(seen, outputs, R4, blas);
  const gram = appliedGram(await inputGram(stack, output, blas, precision, scratch), inputs, precision, scratch);
  const basis = inPrecision(start, precision);
  const image = await applyGram(gram, basis, blas);
  const turned = last ? await turnedTo(last.input, basis, image, inputs, precision, blas) : { basis, image };
  const input = await improveBasis(gram, turned.basis, blas, turned.image);
  const improved = inPrecision(input, precision);
  const captured = innerProduct(await applyGram(gram, improved, blas, 'image'), improved);
  const rise = captured - innerProduct(image, basis);
  return { start, output, image, input, rise, error: projectionError(energy, captured), precision };
}

/**
 * A basis and its image by a Gram matrix in columns that fit those of the V before it, which are close to eigenvectors:
 * B·(Bᵀ·before). quasiNewtonStep leaves the columns of V as they lay in the first sweep, and from there filters would mix
 * strong directions into weak columns until these are lost.
 */
async function turnedTo(
  before: Float64Array,
  basis: RealArray,
  image: RealArray,
  n: number,
  precision: Precision,
  blas: Blas,
) {
  const rank = basis.length / n;
  const turn = await multiply({ m: rank, n: rank, k: n, a: basis, b: before, transA: true }, blas, precision);
  const times = (a: RealArray) => multiply({ m: n, n: rank, k: rank, a, b: turn }, blas, precision);
  return { basis: await times(basis), image: await times(image) };
}

/**
 * In what to project, to sum Gram matrices and to apply them. float32 turns a subspace by about δ = 1e-6; where the error
 * is at its least that raises it by δ²/(2·error) only, so less than 1e-10 for the errors allowed here. A float64 kernel
 * keeps its precision, one whose squares might leave the range of float32 its range.
 */
function sweepPrecision({ blocks }: KernelStack, energy: number, error: number): Precision {
  const narrow = blocks.every(({ data }) => data instanceof Float32Array);
  return narrow && error > 1e-2 && energy > 1e-20 && energy < 1e30 ? 'float32' : 'float64';
}
