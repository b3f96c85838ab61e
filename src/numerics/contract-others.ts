import type { Blas } from './blas.ts';
import { contract } from './contract.ts';
import type { NdArray } from './nd-array.ts';
import { type Factors, indexSize, type TensorNetwork } from './tensor-network.ts';

/** Name under which the tensor itself joins a network. */
const TENSOR = 'tensor itself';

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
  const joined = { sizes: network.sizes, factors: specs, output: indices };
  return contract(...withOnes(joined, { ...factors, [TENSOR]: tensor }), blas);
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
    return [specs[i]!.name, { data: new Float64Array(size).fill(1), dims: [size] }] as const;
  });
  return [
    { ...network, factors: [...network.factors, ...specs] },
    { ...factors, ...Object.fromEntries(ones) },
  ];
}
