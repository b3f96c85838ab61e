import { blockErrors } from './block-errors.ts';
import { blockExactCount, exactBlocks } from './block-exact.ts';
import { type BlockTermOptions, fitBlocks } from './fit-blocks.ts';
import { kernelShape } from './kernel-stack.ts';
import { fitGroups } from './metric-fit.ts';
import type { RealNdArray } from './nd-array.ts';
import type { Fit } from './tensor-network.ts';

/** Q blocks that map m of B's outputs to m inputs of A. */
export interface Blocks {
  readonly count: number;
  readonly size: number;
}

/**
 * Block term decomposition of a kernel (De Lathauwer 2008), in a metric or, without one, in the Frobenius norm:
 *
 *   W[g,t,s,k] ≈ Σ_{Q,m1,m2} A[g,t,Q,m2] C[g,Q,m2,m1,k] B[g,Q,m1,s]
 *
 * 1×1, a grouped k×k and 1×1. Blocks of size 1 make it CP, one block Tucker-2. From `blockExactCount` on the factors are
 * written down directly.
 *
 * @param kernel [g, t, s, k1 … kd]
 */
export async function blockTerm(kernel: RealNdArray, blocks: Blocks, options: BlockTermOptions): Promise<Fit> {
  const { outputs, inputs, spatial, positions } = kernelShape(kernel);
  const { count: Q, size: m } = blocks;
  if (![Q, m].every((value) => Number.isInteger(value) && value >= 1)) {
    throw new RangeError(`${Q} blocks of size ${m}: not positive integers`);
  }
  const axes = spatial.map((_, axis) => `k${axis + 1}`);
  const specs = [
    { name: 'A', indices: ['t', 'Q', 'm2'] },
    { name: 'C', indices: ['Q', 'm2', 'm1', ...axes] },
    { name: 'B', indices: ['Q', 'm1', 's'] },
  ];
  const exact = Q >= blockExactCount(outputs, inputs, positions, m);
  return fitGroups(kernel, specs, { Q, m1: m, m2: m }, options, async (group) => {
    if (exact) return exactBlocks(group.kernel, [outputs, inputs, positions], blocks);
    const { A, B, parts } = await fitBlocks(group, layoutOf(blocks, positions), options);
    return { A, B, C: parts[0]! };
  });
}

function layoutOf({ count, size }: Blocks, positions: number) {
  return { blocks: count, a: size, b: size, rows: count * size * size, sizes: [positions] };
}

/** Relative errors of `blockTerm` for many counts of blocks of one size, about (see blockErrors). */
export function blockTermErrors(
  kernel: RealNdArray,
  counts: readonly number[],
  size: number,
  options: BlockTermOptions,
): Promise<readonly number[]> {
  const { positions } = kernelShape(kernel);
  return blockErrors(kernel, counts, (count) => layoutOf({ count, size }, positions), options);
}
