import type { Blas } from './blas.ts';
import { contract } from './contract.ts';
import type { NdArray } from './nd-array.ts';
import { checkFactors, checkNetwork, type Factors, indexSize, indexSizes, type TensorNetwork } from './tensor-network.ts';

/** Name under which the tensor itself joins a network; no factor can have it, since names are not empty. */
const TENSOR = '';

/**
 * Gradient of ½‖Ŵ − W‖² with respect to every factor, given the residual Ŵ − W over `network.output`.
 *
 * Ŵ is linear in each factor, so the gradient of a factor is the residual contracted with all the others
 * (Kolda & Bader 2009, section 3.4, for CP).
 */
export async function gradient(
  network: TensorNetwork,
  factors: Factors,
  residual: NdArray,
  blas: Blas,
): Promise<Factors> {
  checkNetwork(network);
  checkFactors(network, factors);
  const entries: [string, NdArray][] = [];
  for (const { name } of network.factors) {
    entries.push([name, await contractWithOthers(network, factors, name, residual, blas)]);
  }
  return Object.fromEntries(entries);
}

/** A tensor over `network.output`, contracted with all factors but `name`: an array like that factor. */
export function contractWithOthers(
  network: TensorNetwork,
  factors: Factors,
  name: string,
  tensor: NdArray,
  blas: Blas,
): Promise<NdArray> {
  const others = network.factors.filter((factor) => factor.name !== name);
  const { indices } = network.factors.find((factor) => factor.name === name)!;
  const specs = [{ name: TENSOR, indices: network.output }, ...others];
  return contract(...withOnes({ sizes: network.sizes, factors: specs, output: indices }, { ...factors, [TENSOR]: tensor }), blas);
}

/**
 * The network made well formed where an output index stands in no factor: every value of it has the same entries, which
 * a factor of ones says.
 */
export function withOnes(network: TensorNetwork, factors: Factors): [TensorNetwork, Factors] {
  const missing = network.output.filter((index) => !network.factors.some((factor) => factor.indices.includes(index)));
  const specs = missing.map((index) => ({ name: `ones over ${index}`, indices: [index] }));
  const ones = missing.map((index, i) => {
    const size = indexSize(network, index);
    return [specs[i]!.name, { data: new Float64Array(size).fill(1), dims: indexSizes(network, [index]) }] as const;
  });
  return [{ ...network, factors: [...network.factors, ...specs] }, { ...factors, ...Object.fromEntries(ones) }];
}
