import { type ChannelGroup, type ChannelGroups, type ReadColumns, readColumns } from '../channels/index.ts';
import type { Node } from '../ir/index.ts';
import {
  type Blas,
  elementCount,
  type GroupMoments,
  kernelAxes,
  type Moments,
  outputMetric,
  type RealNdArray,
  ridgedGram,
  sumOfSquares,
  weighOutputs,
} from '../numerics/index.ts';
import { type GroupReader, isSkip, type LinearOperator, linearOperator, readKernel } from '../pass/index.ts';
import type { Observation } from './observation.ts';
import type { Workspace } from './workspace.ts';

/** What the data tell of one linear operator. */
export interface Sight {
  readonly operator: LinearOperator;
  /** Weighed by what of its outputs arrives, where that is known: what its readers lose counts like errors of candidates. */
  readonly kernel: RealNdArray;
  /** Of the original, whose outputs are what the kernel gives. */
  readonly moments: Moments;
}

/** What the data tell of an operator; undefined where they tell nothing. */
export async function sightOf(
  name: string,
  node: Node,
  workspace: Workspace,
  observation: Observation,
  blas: Blas,
): Promise<Sight | undefined> {
  const operator = linearOperator(node, workspace.context(undefined));
  if (operator === null || isSkip(operator)) return undefined;
  const kernel = readKernel(operator);
  if (isSkip(kernel)) return undefined;
  const moments = await observation.of(name);
  if (!('groups' in moments)) return undefined;
  const metric = await outputMetric(moments, blas);
  const weighed = metric ? await weighOutputs(kernel, kernelAxes, metric, blas) : kernel;
  return { operator, kernel: weighed, moments };
}

/**
 * Collects what the readers of channel groups see, operator by operator. A group whose readers have all been seen is
 * handed out, and what was kept for it alone is let go.
 */
export class GroupSurvey {
  /** Operators that have something to tell. */
  readonly nodes: ReadonlySet<Node>;
  readonly #reads: ReadonlyMap<ChannelGroup, readonly ReadColumns[]>;
  readonly #pending: Map<ChannelGroup, Set<Node>>;
  readonly #readers: Map<ChannelGroup, GroupReader[]>;
  readonly #blas: Blas;

  constructor(groups: ChannelGroups, of: readonly ChannelGroup[], blas: Blas) {
    this.#blas = blas;
    this.#reads = new Map(of.map((group) => [group, readColumns(groups, group)]));
    this.nodes = new Set([...this.#reads.values()].flat().map(({ node }) => node));
    this.#pending = new Map([...this.#reads].map(([group, reads]) => [group, new Set(reads.map(({ node }) => node))]));
    this.#readers = new Map(of.map((group) => [group, []]));
  }

  /**
   * @param sight undefined where nothing is known: groups that the node reads are not handed out then
   * @returns groups that nothing is missing of any more
   */
  see(node: Node, sight: Sight | undefined): readonly (readonly [ChannelGroup, readonly GroupReader[]])[] {
    const complete: [ChannelGroup, readonly GroupReader[]][] = [];
    for (const [group, pending] of this.#pending) {
      if (!pending.delete(node)) continue;
      const readers = this.#readers.get(group);
      if (!sight) this.#readers.delete(group);
      else if (readers) readers.push(...readersOf(sight, this.#reads.get(group) ?? [], node, this.#blas));
      if (pending.size > 0) continue;
      this.#pending.delete(group);
      this.#readers.delete(group);
      if (sight && readers) complete.push([group, readers]);
    }
    return complete;
  }
}

/** Rows for each number of a patch with which the usual ridge is enough. */
const wantedRows = 8;

/** λ relative to the mean diagonal of G: few rows want more, or what they have in common by chance is taken for granted. */
function ridgeFor(P: number, rows: number): number {
  return Math.min(1, 1e-3 * Math.max(1, (wantedRows * P) / rows));
}

/** One reader for each group of the operator that reads any of the channels. */
function readersOf(
  { operator, kernel, moments }: Sight,
  reads: readonly ReadColumns[],
  node: Node,
  blas: Blas,
): readonly GroupReader[] {
  const channels = reads.find((one) => one.node === node)?.channels ?? [];
  const { groups, outputs, inputs, kernelShape } = operator;
  const { rows, heldBack } = moments;
  const positions = elementCount(kernelShape);
  const P = inputs * positions;
  const variance = moments.groups.reduce((sum, { varianceY }) => varianceY.reduce((a, b) => a + b, sum), 0);
  // Where the output never varies no error is relative to anything.
  const weight = variance > 0 ? 1 / variance : 0;
  return Array.from({ length: groups }, (_, g) => g).flatMap((g) => {
    const own = channels.map((list) => list.filter((channel) => Math.floor(channel / inputs) === g));
    if (own.every(({ length }) => length === 0)) return [];
    const { gram, meanX } = moments.groups[g] as GroupMoments;
    const columns = own.map((list) =>
      list.flatMap((channel) => Array.from({ length: positions }, (_, k) => (channel % inputs) * positions + k)),
    );
    const wanted = Float64Array.from(kernel.data.subarray(g * outputs * P, (g + 1) * outputs * P));
    let unseen: Float64Array | undefined;
    return {
      node,
      kernel: wanted,
      gram: ridgedGram({ gram, meanX }, ridgeFor(P, rows)),
      energy: meanX.map((mean, p) => mean * mean + (gram[p * P + p] as number)),
      columns,
      weight,
      unseenLoss:
        heldBack &&
        (async (repaired) => {
          unseen ??= centred(heldBack.x[g] as Float32Array, meanX);
          return weight * (await strayed(wanted, repaired, unseen, P, blas));
        }),
    };
  });
}

/** Rows of x less their mean, float64[rows, P]. */
function centred(x: Float32Array, mean: Float64Array): Float64Array {
  const result = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += mean.length)
    for (let p = 0; p < mean.length; p++) result[row + p] = (x[row + p] as number) - (mean[p] as number);
  return result;
}

/** E‖(W − Ŵ) x‖² over rows of x, float64[rows, P]. */
async function strayed(
  kernel: Float64Array,
  repaired: Float64Array,
  x: Float64Array,
  P: number,
  blas: Blas,
): Promise<number> {
  const difference = kernel.map((value, i) => value - (repaired[i] as number));
  const [rows, outputs] = [x.length / P, kernel.length / P];
  const product = await blas.gemm64({ m: rows, n: outputs, k: P, a: x, b: difference, transB: true });
  return sumOfSquares(product) / rows;
}
