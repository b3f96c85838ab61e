import { addGram, inPrecision, multiply, type Precision } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import type { KernelBlock, KernelStack } from './kernel-stack.ts';
import { permuteAxes } from './permute-axes.ts';
import { Scratch } from './scratch.ts';

/** Orthonormal columns per channel mode of a kernel; undefined where the mode stays whole. */
export interface TuckerBases {
  /** U: float64[T, R4]. */
  readonly output: Float64Array | undefined;
  /** V: float64[S, R3]. */
  readonly input: Float64Array | undefined;
}

/**
 * Gram of the outputs of the kernel projected on the inputs' basis: Σ_k (W_k V)(W_k V)ᵀ, float64[T, T].
 * @param scratch keeps the result, until it is given for the next one, and the projection
 */
export async function outputGram(
  stack: KernelStack,
  input: Float64Array | undefined,
  blas: Blas,
  precision: Precision = 'float64',
  scratch = new Scratch(),
): Promise<Float64Array> {
  const { outputs, inputs } = stack;
  const columns = input ? input.length / inputs : inputs;
  const gram = scratch.take('output Gram', outputs * outputs, 'float64').fill(0);
  const basis = input && inPrecision(input, precision);
  for (const { data, positions } of stack.blocks) {
    const m = outputs * positions;
    const room = scratch.take('projection', basis ? m * columns : 0, precision);
    const z = basis ? await multiply({ m, n: columns, k: inputs, a: data, b: basis }, blas, precision, room) : data;
    await addGram(gram, { data: z, rows: outputs, columns: positions * columns }, blas, precision, scratch);
  }
  return gram;
}

/**
 * Gram of the inputs of the kernel projected on the outputs' basis: Σ_k (W_kᵀU)(W_kᵀU)ᵀ, float64[S, S].
 * @param scratch as of outputGram
 */
export async function inputGram(
  stack: KernelStack,
  output: Float64Array | undefined,
  blas: Blas,
  precision: Precision = 'float64',
  scratch = new Scratch(),
): Promise<Float64Array> {
  const { outputs, inputs: rows } = stack;
  const gram = scratch.take('input Gram', rows * rows, 'float64').fill(0);
  const basis = output && inPrecision(output, precision);
  for (const block of stack.blocks) {
    const columns = (output ? output.length / outputs : outputs) * block.positions;
    if (block.positions === 1) {
      const data = await inputRows(stack, block, basis, blas, precision, scratch);
      await addGram(gram, { data, rows, columns }, blas, precision, scratch);
    } else {
      const y = basis ? await projectedOutputs(stack, block, basis, blas, precision, scratch) : block.data;
      const room = scratch.take('strip', rows * rows, precision);
      const product = await multiply({ m: rows, n: rows, k: columns, a: y, b: y, transA: true }, blas, precision, room);
      for (let i = 0; i < gram.length; i++) gram[i]! += product[i]!;
    }
  }
  return gram;
}

/** WᵀU of a block of one position, float64[S, R4]: large kernels take their Gram in strips, which need the inputs as rows. */
async function inputRows(
  { outputs, inputs }: KernelStack,
  { data }: KernelBlock,
  output: RealArray | undefined,
  blas: Blas,
  precision: Precision,
  scratch: Scratch,
): Promise<RealArray> {
  if (!output) return permuteAxes({ data, dims: [outputs, inputs] }, [1, 0]).data;
  const n = output.length / outputs;
  const room = scratch.take('projection', inputs * n, precision);
  return multiply({ m: inputs, n, k: outputs, a: data, b: output, transA: true }, blas, precision, room);
}

/** C[q,r,k] = Σ_{t,s} U[t,q] W[t,s,k] V[s,r], float64[R4, R3, K]. */
export async function tuckerCore(
  stack: KernelStack,
  { output, input }: TuckerBases,
  blas: Blas,
): Promise<Float64Array> {
  const { outputs, inputs, blocks } = stack;
  const R4 = output ? output.length / outputs : outputs;
  const R3 = input ? input.length / inputs : inputs;
  const total = blocks.reduce((sum, { positions }) => sum + positions, 0);
  const core = new Float64Array(R4 * R3 * total);
  const scratch = new Scratch();
  let start = 0;
  for (const block of blocks) {
    const { positions } = block;
    const y = output ? await projectedOutputs(stack, block, output, blas, 'float64', scratch) : block.data;
    const c = input ? await blas.gemm64({ m: R4 * positions, n: R3, k: inputs, a: y, b: input }) : y;
    const { data } = permuteAxes({ data: c, dims: [R4, positions, R3] }, [0, 2, 1]);
    for (let row = 0; row < R4 * R3; row++) {
      for (let k = 0; k < positions; k++) core[row * total + start + k] = data[row * positions + k]!;
    }
    start += positions;
  }
  return core;
}

/** UᵀW of one block: [R4, k, S]. */
function projectedOutputs(
  { outputs, inputs }: KernelStack,
  { data, positions }: KernelBlock,
  output: RealArray,
  blas: Blas,
  precision: Precision,
  scratch: Scratch,
): Promise<RealArray> {
  const [m, n] = [output.length / outputs, positions * inputs];
  const room = scratch.take('projection', m * n, precision);
  return multiply({ m, n, k: outputs, a: output, b: data, transA: true }, blas, precision, room);
}
