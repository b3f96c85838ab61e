import type { Factors, NdArray, SeededRandom, TensorNetwork } from '../../src/numerics/index.ts';
import { checkFactors } from '../../src/numerics/index.ts';

const spatialIndices = (dims: readonly number[]): string[] => dims.slice(3).map((_, axis) => `k${axis + 1}`);

function kernelSizes(dims: readonly number[]): Record<string, number> {
  const names = ['g', 't', 's', ...spatialIndices(dims)];
  return Object.fromEntries(names.map((name, axis) => [name, dims[axis]!]));
}

const outputOf = (dims: readonly number[]): string[] => ['g', 't', 's', ...spatialIndices(dims)];

/** Tucker-2 of a kernel [g, t, s, k…]; a rank left out leaves its mode whole. */
export function tuckerNetwork(dims: readonly number[], ranks: { R3?: number; R4?: number }): TensorNetwork {
  const [q, r] = [ranks.R4 === undefined ? 't' : 'R4', ranks.R3 === undefined ? 's' : 'R3'];
  const factors = [{ name: 'C', indices: ['g', q, r, ...spatialIndices(dims)] }];
  if (ranks.R4 !== undefined) factors.push({ name: 'U', indices: ['g', 't', 'R4'] });
  if (ranks.R3 !== undefined) factors.push({ name: 'V', indices: ['g', 'R3', 's'] });
  return { sizes: { ...kernelSizes(dims), ...ranks }, factors, output: outputOf(dims) };
}

/** CP of a kernel, its spatial axes in one factor or in one each. */
export function cpNetwork(dims: readonly number[], R: number, form: 'joint' | 'split'): TensorNetwork {
  const spatial = spatialIndices(dims);
  const middle =
    form === 'joint'
      ? [{ name: 'K', indices: ['g', 'R', ...spatial] }]
      : spatial.map((index, axis) => ({ name: `K${axis + 1}`, indices: ['g', 'R', index] }));
  const factors = [{ name: 'A', indices: ['g', 't', 'R'] }, ...middle, { name: 'B', indices: ['g', 'R', 's'] }];
  return { sizes: { ...kernelSizes(dims), R }, factors, output: outputOf(dims) };
}

/** Two factors, the spatial axes `inputAxes` with the inputs. */
export function splitNetwork(dims: readonly number[], R: number, inputAxes: readonly number[]): TensorNetwork {
  const spatial = spatialIndices(dims);
  const factors = [
    { name: 'output', indices: ['g', 't', 'R', ...spatial.filter((_, axis) => !inputAxes.includes(axis))] },
    { name: 'input', indices: ['g', 'R', 's', ...inputAxes.map((axis) => spatial[axis]!)] },
  ];
  return { sizes: { ...kernelSizes(dims), R }, factors, output: outputOf(dims) };
}

/** Tensor train s, k₁ … k_d, t. */
export function trainNetwork(dims: readonly number[], ranks: readonly number[]): TensorNetwork {
  const spatial = spatialIndices(dims);
  const middle = spatial.map((index, j) => ({ name: `H${j + 1}`, indices: ['g', `R${j + 2}`, `R${j + 1}`, index] }));
  const factors = [
    { name: 'V', indices: ['g', 'R1', 's'] },
    ...middle,
    { name: 'U', indices: ['g', 't', `R${spatial.length + 1}`] },
  ];
  const rankSizes = Object.fromEntries(ranks.map((rank, j) => [`R${j + 1}`, rank]));
  return { sizes: { ...kernelSizes(dims), ...rankSizes }, factors, output: outputOf(dims) };
}

/** Block terms: Q blocks of m × m. */
export function blockNetwork(dims: readonly number[], Q: number, m: number): TensorNetwork {
  const factors = [
    { name: 'A', indices: ['g', 't', 'Q', 'm2'] },
    { name: 'C', indices: ['g', 'Q', 'm2', 'm1', ...spatialIndices(dims)] },
    { name: 'B', indices: ['g', 'Q', 'm1', 's'] },
  ];
  return { sizes: { ...kernelSizes(dims), Q, m1: m, m2: m }, factors, output: outputOf(dims) };
}

/** Normal entries for every factor of a network. */
export function randomFactors(network: TensorNetwork, random: SeededRandom): Factors {
  return Object.fromEntries(
    network.factors.map(({ name, indices }) => {
      const dims = indices.map((index) => network.sizes[index]!);
      return [name, { data: random.normals(dims.reduce((product, size) => product * size, 1)), dims }];
    }),
  );
}

/** The contraction by its definition: a sum over every assignment of every index. */
export function naiveContraction(network: TensorNetwork, factors: Factors): NdArray {
  checkFactors(network, factors);
  const names = Object.keys(network.sizes).filter((name) =>
    network.factors.some(({ indices }) => indices.includes(name)),
  );
  const dims = network.output.map((name) => network.sizes[name]!);
  const data = new Float64Array(dims.reduce((product, size) => product * size, 1));
  const total = names.reduce((product, name) => product * network.sizes[name]!, 1);
  for (let n = 0; n < total; n++) {
    const at: Record<string, number> = {};
    let rest = n;
    for (const name of names) {
      at[name] = rest % network.sizes[name]!;
      rest = Math.floor(rest / network.sizes[name]!);
    }
    const offset = (indices: readonly string[]): number =>
      indices.reduce((position, name) => position * network.sizes[name]! + at[name]!, 0);
    const product = network.factors.reduce(
      (value, { name, indices }) => value * factors[name]!.data[offset(indices)]!,
      1,
    );
    data[offset(network.output)]! += product;
  }
  return { data, dims };
}

/** ‖a − b‖/‖b‖. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return norm > 0 ? Math.sqrt(difference / norm) : Math.sqrt(difference);
}
