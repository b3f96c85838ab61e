import type { Blas } from './blas.ts';
import { contractPair, type Labelled, sumOut } from './contract-pair.ts';
import type { NdArray } from './nd-array.ts';
import { permuteAxes } from './permute-axes.ts';
import { checkFactors, checkNetwork, type Factors, indexSize, type TensorNetwork } from './tensor-network.ts';

/**
 * The tensor that a network stands for: float64 over `network.output`. Exact up to float64 rounding.
 *
 * Factors are joined two at a time, always the pair that costs the fewest multiply-accumulates (the smaller result on
 * ties, then the earlier pair, so that the order never varies); each join is one matrix product per value of the
 * indices that both sides keep. Throws a RangeError when factors and network do not fit together.
 */
export async function contract(network: TensorNetwork, factors: Factors, blas: Blas): Promise<NdArray> {
  checkNetwork(network);
  checkFactors(network, factors);
  let parts: Labelled[] = network.factors.map(({ name, indices }) => ({ ...factors[name]!, indices }));
  if (parts.length === 0) return { data: Float64Array.of(1), dims: [] };
  while (parts.length > 1) {
    const [a, b] = cheapestPair(parts, network);
    const rest = parts.filter((part) => part !== a && part !== b);
    const needed = new Set([...network.output, ...rest.flatMap((part) => part.indices)]);
    parts = [...rest, await contractPair(a, b, needed, blas)];
  }
  const part = sumOut(parts[0]!, new Set(network.output));
  const result = permuteAxes<NdArray>(
    part,
    network.output.map((index) => part.indices.indexOf(index)),
  );
  // A network of one factor in output order would otherwise hand out the factor's own storage.
  const borrowed = Object.values(factors).some((factor) => factor.data === result.data);
  return { data: borrowed ? result.data.slice() : result.data, dims: result.dims };
}

/** One slice of a contracted tensor along one of its indices. */
export interface Slice {
  /** First value of the sliced index. */
  readonly start: number;
  readonly part: NdArray;
}

/**
 * The same tensor in slices of at most `size` values of `index`, in order, so that it never stands in memory as a
 * whole. The index has to be among the network's outputs.
 */
export async function* contractSlices(
  network: TensorNetwork,
  factors: Factors,
  index: string,
  size: number,
  blas: Blas,
): AsyncGenerator<Slice> {
  const total = indexSize(network, index);
  for (let start = 0; start < total; start += size) {
    const end = Math.min(start + size, total);
    yield { start, part: await contractRange(network, factors, { index, start, end }, blas) };
  }
}

/** The part of the tensor with start ≤ `index` < end. The index has to be among the network's outputs. */
export async function contractRange(
  network: TensorNetwork,
  factors: Factors,
  { index, start, end }: { readonly index: string; readonly start: number; readonly end: number },
  blas: Blas,
): Promise<NdArray> {
  if (!network.output.includes(index)) throw new RangeError(`"${index}" is not an output of the network`);
  checkFactors(network, factors);
  const sliced = network.factors.map(({ name, indices }) => {
    const axis = indices.indexOf(index);
    return [name, axis < 0 ? factors[name]! : sliceAxis(factors[name]!, axis, start, end)] as const;
  });
  const sizes = { ...network.sizes, [index]: end - start };
  return contract({ ...network, sizes }, Object.fromEntries(sliced), blas);
}

/** Entries start ≤ i < end of one axis. */
export function sliceAxis(array: NdArray, axis: number, start: number, end: number): NdArray {
  const inner = array.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const outer = array.dims.slice(0, axis).reduce((product, size) => product * size, 1);
  const [from, to] = [array.dims[axis]! * inner, (end - start) * inner];
  const data = new Float64Array(outer * to);
  for (let o = 0; o < outer; o++) {
    data.set(array.data.subarray(o * from + start * inner, o * from + end * inner), o * to);
  }
  return { data, dims: array.dims.with(axis, end - start) };
}

function cheapestPair(parts: readonly Labelled[], network: TensorNetwork): [Labelled, Labelled] {
  let best: { cost: number; size: number; pair: [Labelled, Labelled] } | undefined;
  for (const [i, a] of parts.entries()) {
    for (const b of parts.slice(i + 1)) {
      const rest = parts.filter((part) => part !== a && part !== b);
      const union = [...new Set([...a.indices, ...b.indices])];
      const kept = union.filter((x) => network.output.includes(x) || rest.some((part) => part.indices.includes(x)));
      const cost = volume(network, union);
      const size = volume(network, kept);
      if (!best || cost < best.cost || (cost === best.cost && size < best.size)) best = { cost, size, pair: [a, b] };
    }
  }
  return best!.pair;
}

function volume(network: TensorNetwork, indices: readonly string[]): number {
  return indices.reduce((product, index) => product * indexSize(network, index), 1);
}
