import type { Spectrum } from '../numerics/index.ts';
import type { CandidateSpace } from './candidate.ts';
import type { Ranks } from './decomposition.ts';

/**
 * A rank for each axis from the singular values that govern it. Groups share their ranks and unfoldings theirs, so the
 * largest that any of them asks for counts.
 *
 * @param rule the rank that one spectrum asks for, 0 for none
 */
export async function ranksFromSpectra(space: CandidateSpace, rule: (spectrum: Spectrum) => number): Promise<Ranks> {
  const ranks: Record<string, number> = {};
  for (const { name, max, unfoldings } of space.decomposition.axes) {
    let rank = 0;
    for (const rows of unfoldings)
      for (const spectrum of await space.spectrum(rows)) rank = Math.max(rank, rule(spectrum));
    ranks[name] = Math.min(max, rank);
  }
  return ranks;
}

/**
 * The same share of every axis, floored to a multiple of `block` (but at least one block, or the whole axis where that is
 * less): R3/S = R4/T before rounding.
 */
export function scaledRanks(space: CandidateSpace, share: number, block: number): Ranks {
  const ranks = space.decomposition.axes.map(({ name, max }) => {
    const rounded = Math.max(1, Math.floor((share * max) / block)) * block;
    return [name, Math.min(max, rounded)] as const;
  });
  return space.clamp(Object.fromEntries(ranks));
}

/** The smallest rank that keeps a share of Σσ². */
export function rankForEnergy({ singularValues }: Spectrum, keep: number): number {
  let left = singularValues.reduce((sum, value) => sum + value * value, 0) * (1 - keep);
  let rank = singularValues.length;
  for (; rank > 1; rank--) {
    left -= (singularValues[rank - 1] as number) ** 2;
    if (left < 0) break;
  }
  return rank;
}
