import type { CleanupPass, FactorizePass, Pass, PatternPass, PrunePass, RankPass } from './pass.ts';

const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Declares a pass; the types of its options and matches are inferred from each other.
 *
 * @throws TypeError when the name is not kebab-case or the summary is missing: both stand in `--help`
 */
export function definePass<Options>(pass: FactorizePass<Options>): FactorizePass<Options>;
export function definePass<Options>(pass: RankPass<Options>): RankPass<Options>;
export function definePass<Options, Match>(pass: PatternPass<Options, Match>): PatternPass<Options, Match>;
export function definePass<Options>(pass: PrunePass<Options>): PrunePass<Options>;
export function definePass<Options>(pass: CleanupPass<Options>): CleanupPass<Options>;
export function definePass(pass: Pass): Pass {
  if (!kebabCase.test(pass.name)) throw new TypeError(`pass name "${pass.name}" is not kebab-case`);
  if (!pass.summary) throw new TypeError(`pass ${pass.name} has no summary`);
  return Object.freeze(pass);
}
