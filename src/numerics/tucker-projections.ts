import type { Blas } from './blas.ts';
import type { KernelBlock, KernelStack } from './kernel-stack.ts';
import { permuteAxes } from './permute-axes.ts';

/** Orthonormal columns per channel mode of a kernel; undefined where the mode stays whole. */
export interface TuckerBases {
  /** U: float64[T, R4]. */
  readonly output: Float64Array | undefined;
  /** V: float64[S, R3]. */
  readonly input: Float64Array | undefined;
}

/** Gram of the outputs of the kernel projected on the inputs' basis: Σ_k (W_k V)(W_k V)ᵀ, float64[T, T]. */
export async function outputGram(stack: KernelStack, input: Float64Array | undefined, blas: Blas): Promise<Float64Array> {
  const { outputs, inputs } = stack;
  const columns = input ? input.length / inputs : inputs;
  const gram = new Float64Array(outputs * outputs);
  for (const { data, positions } of stack.blocks) {
    const m = outputs * positions;
    const z = input ? await blas.gemm64({ m, n: columns, k: inputs, a: data, b: input }) : data;
    add(gram, await blas.gemm64({ m: outputs, n: outputs, k: positions * columns, a: z, b: z, transB: true }));
  }
  return gram;
}

/** Gram of the inputs of the kernel projected on the outputs' basis: Σ_k (UᵀW_k)ᵀ(UᵀW_k), float64[S, S]. */
export async function inputGram(stack: KernelStack, output: Float64Array | undefined, blas: Blas): Promise<Float64Array> {
  const { outputs, inputs } = stack;
  const gram = new Float64Array(inputs * inputs);
  for (const block of stack.blocks) {
    const y = output ? await projectedOutputs(stack, block, output, blas) : block.data;
    const k = (output ? output.length / outputs : outputs) * block.positions;
    add(gram, await blas.gemm64({ m: inputs, n: inputs, k, a: y, b: y, transA: true }));
  }
  return gram;
}

/** C[q,r,k] = Σ_{t,s} U[t,q] W[t,s,k] V[s,r], float64[R4, R3, K]. */
export async function tuckerCore(stack: KernelStack, { output, input }: TuckerBases, blas: Blas): Promise<Float64Array> {
  const { outputs, inputs, blocks } = stack;
  const R4 = output ? output.length / outputs : outputs;
  const R3 = input ? input.length / inputs : inputs;
  const total = blocks.reduce((sum, { positions }) => sum + positions, 0);
  const core = new Float64Array(R4 * R3 * total);
  let start = 0;
  for (const block of blocks) {
    const { positions } = block;
    const y = output ? await projectedOutputs(stack, block, output, blas) : block.data;
    const c = input ? await blas.gemm64({ m: R4 * positions, n: R3, k: inputs, a: y, b: input }) : y;
    const { data } = permuteAxes({ data: c, dims: [R4, positions, R3] }, [0, 2, 1]);
    for (let row = 0; row < R4 * R3; row++) {
      for (let k = 0; k < positions; k++) core[row * total + start + k] = data[row * positions + k]!;
    }
    start += positions;
  }
  return core;
}

/** UᵀW of one block: float64[R4, k, S]. */
function projectedOutputs(
  { outputs, inputs }: KernelStack,
  { data, positions }: KernelBlock,
  output: Float64Array,
  blas: Blas,
): Promise<Float64Array> {
  const n = positions * inputs;
  return blas.gemm64({ m: output.length / outputs, n, k: outputs, a: output, b: data, transA: true });
}

/** target += matrix. */
function add(target: Float64Array, matrix: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += matrix[i]!;
}
