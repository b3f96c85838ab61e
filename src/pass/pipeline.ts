import { diagnostics } from '../diagnostics.ts';
import type { FactorizePass, Pass, RankPass } from './pass.ts';

/** A pass with its options, validated. */
export interface Stage<P extends Pass = Pass> {
  readonly pass: P;
  readonly options: unknown;
}

/** A rank rule and the factorize passes that it governs. */
export interface Segment {
  readonly rank: Stage<RankPass>;
  readonly methods: readonly Stage<FactorizePass>[];
}

/**
 * Rank rules with what follows each of them up to the next.
 *
 * @throws usage when a factorize pass has no rank pass before it
 */
export function segments(stages: readonly Stage[]): readonly Segment[] {
  const found: { rank: Stage<RankPass>; methods: Stage<FactorizePass>[] }[] = [];
  for (const { pass, options } of stages) {
    if (pass.kind === 'rank') found.push({ rank: { pass, options }, methods: [] });
    if (pass.kind !== 'factorize') continue;
    const current = found.at(-1);
    if (!current)
      throw diagnostics.usage(`${pass.name} has no rank pass before it`, `Write for example "vbmf-ranks,${pass.name}".`);
    current.methods.push({ pass, options });
  }
  return found;
}
