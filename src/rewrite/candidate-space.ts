import { type Blas, type Fit, kernelSpectra, type RealNdArray } from '../numerics/index.ts';
import {
  type CandidateSpace,
  type Decomposition,
  kernelIndices,
  type LinearOperator,
  type Ranks,
} from '../pass/index.ts';
import { chainCost, gains, operatorCost, type RequireGain } from './cost.ts';
import { type LoweredStep, lowerChain } from './lowering.ts';

export interface SpaceInit {
  readonly name: string;
  readonly pass: string;
  readonly operator: LinearOperator;
  readonly decomposition: Decomposition;
  readonly kernel: RealNdArray;
  readonly end: CandidateSpace['end'];
  readonly requireGain: RequireGain;
  readonly blas: Blas;
  readonly norm: CandidateSpace['norm'];
  fit(ranks: Ranks): Promise<Fit>;
  errors(ranks: readonly Ranks[]): Promise<readonly number[]>;
}

/** What is known of a method on a node beyond what rank rules ask. */
export interface MethodSpace extends CandidateSpace {
  /** The operators that take the node's place. */
  steps(ranks: Ranks): readonly LoweredStep[];
  /** What `fitError` is about at each of many ranks, for much less than a fit each. */
  errors(ranks: readonly Ranks[]): Promise<readonly number[]>;
}

/** Answers a rank rule's questions about one method on one node; spectra and costs are computed once. */
export function candidateSpace({
  name,
  pass,
  operator,
  decomposition,
  kernel,
  end,
  requireGain,
  blas,
  norm,
  fit: factorsAt,
  errors,
}: SpaceInit): MethodSpace {
  const originalCost = operatorCost(operator);
  const spectra = new Map<string, ReturnType<typeof kernelSpectra>>();
  const steps = (ranks: Ranks) => lowerChain(pass, operator, decomposition, ranks);
  const cost = (ranks: Ranks) => chainCost(operator, steps(ranks));
  return {
    name,
    pass,
    operator,
    decomposition,
    end,
    originalCost,
    norm,
    steps,
    cost,
    gains: (ranks) => gains(originalCost, cost(ranks), requireGain),
    clamp: (ranks) => decomposition.clamp?.(ranks) ?? ranks,
    spectrum(rows) {
      const key = rows.join();
      const known = spectra.get(key);
      if (known) return known;
      const computed = kernelSpectra(kernel, kernelIndices(operator), rows, blas);
      spectra.set(key, computed);
      return computed;
    },
    fitError: async (ranks) => (await factorsAt(ranks)).relativeError,
    errors,
  };
}

/** Every rank at least 1 and at most what its axis allows; integers. */
export function isAdmissible({ axes }: Decomposition, ranks: Ranks): boolean {
  return (
    Object.keys(ranks).length === axes.length &&
    axes.every(({ name, max }) => {
      const rank = ranks[name];
      return rank !== undefined && Number.isInteger(rank) && rank >= 1 && rank <= max;
    })
  );
}
