import { isDeepStrictEqual } from 'node:util';
import { diagnostics } from '../diagnostics.ts';
import type { FactorizePass, Pass, PruneRule, RankPass } from '../pass/index.ts';

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

export interface PruneStep {
  /** By which plans know the pass. */
  readonly name: string;
  readonly rule: PruneRule;
  /** Whether what a plan removes by this pass goes here. */
  readonly isPlanned: boolean;
}

/**
 * What the prune passes do, in their order. One may stand there twice: first for what goes at no loss, then for more.
 *
 * @throws usage when one that chooses filters stands there twice
 */
export function pruneSteps(stages: readonly Stage[]): readonly PruneStep[] {
  const rules = stages.flatMap(({ pass, options }) =>
    pass.kind === 'prune' ? [{ name: pass.name, rule: pass.rule(options) }] : [],
  );
  return rules.map((step) => {
    const same = rules.filter(({ name }) => name === step.name);
    const choosing = same.filter(({ rule }) => rule.count !== undefined);
    if (choosing.length > 1)
      throw diagnostics.usage(
        `${step.name} stands in the pipeline twice, and both choose filters`,
        'Keep one of them.',
      );
    return { ...step, isPlanned: step === (choosing[0] ?? same.at(-1)) };
  });
}
