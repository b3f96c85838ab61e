import type { Blas } from './blas.ts';
import { contractWithOthers } from './contract-others.ts';
import type { NdArray } from './nd-array.ts';
import { checkFactors, checkNetwork, type Factors, type TensorNetwork } from './tensor-network.ts';

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
