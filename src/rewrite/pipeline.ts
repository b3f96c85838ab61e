import { isDeepStrictEqual } from 'node:util';
import { diagnostics } from '../diagnostics.ts';
import type { FactorizePass, Pass, RankPass } from '../pass/index.ts';

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
 * A factorize pass may stand in several of them, but with the same options everywhere: plans know methods by the names
 * of their passes.
 *
 * @throws usage when a factorize pass has no rank pass before it, or stands there twice with different options
 */
export function segments(stages: readonly Stage[]): readonly Segment[] {
  const found: { rank: Stage<RankPass>; methods: Stage<FactorizePass>[] }[] = [];
  const optionsOf = new Map<string, unknown>();
  for (const { pass, options } of stages) {
    if (pass.kind === 'rank') found.push({ rank: { pass, options }, methods: [] });
    if (pass.kind !== 'factorize') continue;
    const current = found.at(-1);
    if (!current)
      throw diagnostics.usage(
        `${pass.name} has no rank pass before it`,
        `Write for example "vbmf-ranks,${pass.name}".`,
      );
    if (!isDeepStrictEqual(optionsOf.get(pass.name) ?? options, options))
      throw diagnostics.usage(`${pass.name} stands in the pipeline twice, with different options`, 'Keep one of them.');
    optionsOf.set(pass.name, options);
    current.methods.push({ pass, options });
  }
  return found;
}
