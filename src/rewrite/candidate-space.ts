import { type Blas, type Fit, kernelSpectra, type RealNdArray } from '../numerics/index.ts';
import { type CandidateSpace, kernelIndices, type Ranks } from '../pass/index.ts';
import type { PricedMethod } from './priced-method.ts';

export interface SpaceInit {
  readonly name: string;
  readonly method: PricedMethod;
  readonly kernel: RealNdArray;
  readonly end: CandidateSpace['end'];
  readonly blas: Blas;
  readonly norm: CandidateSpace['norm'];
  fit(ranks: Ranks): Promise<Fit>;
  errors(ranks: readonly Ranks[]): Promise<readonly number[]>;
}

/** What is known of a method on a node beyond what rank rules ask. */
export interface MethodSpace extends CandidateSpace, PricedMethod {
  /** Expected errors at each of many ranks, for much less than a fit each; outputs count by what of them arrives. */
  errors(ranks: readonly Ranks[]): Promise<readonly number[]>;
}

/** Answers a rank rule's questions about one method on one node; spectra are computed once. */
export function candidateSpace({
  name,
  method,
  kernel,
  end,
  blas,
  norm,
  fit: factorsAt,
  errors,
}: SpaceInit): MethodSpace {
  const spectra = new Map<string, ReturnType<typeof kernelSpectra>>();
  return {
    ...method,
    ...{ name, end, norm, errors },
    spectrum(rows) {
      const key = rows.join();
      const known = spectra.get(key);
      if (known) return known;
      const computed = kernelSpectra(kernel, kernelIndices(method.operator), rows, blas);
      spectra.set(key, computed);
      return computed;
    },
    fitError: async (ranks) => (await factorsAt(ranks)).relativeError,
  };
}
