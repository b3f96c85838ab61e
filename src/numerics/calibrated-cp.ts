import { blockErrors } from './block-errors.ts';
import { cp, cpExactRank } from './cp.ts';
import { type BlockTermOptions, fitBlocks } from './fit-blocks.ts';
import { kernelShape } from './kernel-stack.ts';
import { fitGroups, type GroupFactor } from './metric-fit.ts';
import type { RealNdArray } from './nd-array.ts';
import type { Fit } from './tensor-network.ts';

export interface CalibratedCpOptions extends BlockTermOptions {
  /** As of `cp`: 'joint' keeps the spatial axes in one factor K, 'split' gives each its own. */
  readonly spatial?: 'joint' | 'split';
}

/**
 * CP of a kernel in a metric, with the factors of `cp`: the block term decomposition with blocks of size 1. The start comes
 * from the largest rank-one terms of the kernel under the mean metric of the inputs. From `cpExactRank` on it is `cp`.
 * @param kernel [g, t, s, k1 … kd]
 * @param rank R ≥ 1
 */
export async function calibratedCp(kernel: RealNdArray, rank: number, options: CalibratedCpOptions): Promise<Fit> {
  if (!Number.isInteger(rank) || rank < 1) throw new RangeError(`rank R = ${rank} is not a positive integer`);
  const { spatial, blas, random } = options;
  if (rank >= cpExactRank(kernel.dims, spatial)) return cp(kernel, rank, { spatial: spatial ?? 'joint', blas, random });
  return fitCp(kernel, rank, options);
}

async function fitCp(kernel: RealNdArray, rank: number, options: CalibratedCpOptions): Promise<Fit> {
  const { middle, layout } = cpModel(kernel, rank, options);
  const specs: Omit<GroupFactor, 'data'>[] = [
    { name: 'A', indices: ['t', 'R'] },
    ...middle,
    { name: 'B', indices: ['R', 's'] },
  ];
  return fitGroups(kernel, specs, { R: rank }, options, async (group) => {
    const { A, B, parts } = await fitBlocks(group, layout, options);
    return { A, B, ...Object.fromEntries(middle.map(({ name }, i) => [name, parts[i]!])) };
  });
}

/** The factors between A and B, and CP as blocks of size 1. */
function cpModel(kernel: RealNdArray, rank: number, options: Pick<CalibratedCpOptions, 'spatial'>) {
  const { spatial, positions } = kernelShape(kernel);
  const split = options.spatial === 'split' && spatial.length > 0;
  const axes = spatial.map((_, axis) => `k${axis + 1}`);
  const middle = split
    ? axes.map((index, axis) => ({ name: `K${axis + 1}`, indices: ['R', index] }))
    : [{ name: 'K', indices: ['R', ...axes] }];
  return { middle, layout: { blocks: rank, a: 1, b: 1, rows: rank, sizes: split ? spatial : [positions] } };
}

/** Relative errors of `calibratedCp` at many ranks, about (see blockErrors). */
export function cpErrors(
  kernel: RealNdArray,
  ranks: readonly number[],
  options: CalibratedCpOptions,
): Promise<readonly number[]> {
  return blockErrors(kernel, ranks, (rank) => cpModel(kernel, rank, options).layout, options);
}
