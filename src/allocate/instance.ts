import type { Choice } from './choice.ts';
import type { Option } from './option.ts';

export interface Instance {
  /** Unweighted (weight 0), none dominated, in the order given. */
  readonly groups: readonly (readonly Choice[])[];
  /** Most that the costs may sum to, for each budget that can bind. */
  readonly limits: readonly number[];
}

/**
 * Leaves out budgets that no choice can exceed, options that fit into no allocation because the cheapest of the other
 * groups leave too little, and options that another one of the group beats or equals in everything.
 *
 * A sum of n amounts ≥ 0 is off by at most (n − 1)·ε/2 of itself, whoever adds them up and in whatever order; a budget
 * that is such a sum, and our own sum of the same amounts, differ by less than n·ε of it. That much is granted, so that
 * a budget exactly met is met. Sums of whole numbers are exact and gain nothing from it.
 *
 * @returns undefined when the cheapest options of all groups exceed a budget
 */
export function instanceOf(groups: readonly (readonly Option[])[], budgets: readonly number[]): Instance | undefined {
  const slack = 1 + groups.length * Number.EPSILON;
  const limits = budgets.map((budget) => budget * (budget > 0 ? slack : 1));
  const fitting = keepFitting(groups.map(choicesOf), limits);
  if (!fitting) return undefined;
  const binding = limits.flatMap((limit, k) => (total(fitting, k, largest) > limit ? [k] : []));
  return {
    groups: fitting.map((choices) =>
      undominated(choices, binding).map((choice) => ({ ...choice, costs: binding.map((k) => choice.costs[k]!) })),
    ),
    limits: binding.map((k) => limits[k]!),
  };
}

function choicesOf(options: readonly Option[]): readonly Choice[] {
  return options.map(({ costs, error }, at) => ({ at, costs, error, weight: 0 }));
}

/** Repeats itself, as what no longer fits raises the least that the others cost. */
function keepFitting(
  groups: readonly (readonly Choice[])[],
  limits: readonly number[],
): readonly (readonly Choice[])[] | undefined {
  const least = groups.map((choices) => limits.map((_, k) => smallest(choices, k)));
  const spare = limits.map((limit, k) => limit - total(groups, k, smallest));
  if (spare.some((rest) => rest < 0)) return undefined;
  const kept = groups.map((choices, g) =>
    choices.filter(({ costs }) => spare.every((rest, k) => costs[k]! - least[g]![k]! <= rest)),
  );
  if (kept.some((choices) => choices.length === 0)) return undefined;
  return kept.some((choices, g) => choices.length < groups[g]!.length) ? keepFitting(kept, limits) : kept;
}

function total(
  groups: readonly (readonly Choice[])[],
  k: number,
  pick: (choices: readonly Choice[], k: number) => number,
): number {
  return groups.reduce((sum, choices) => sum + pick(choices, k), 0);
}

function smallest(choices: readonly Choice[], k: number): number {
  return choices.reduce((least, { costs }) => Math.min(least, costs[k]!), Number.POSITIVE_INFINITY);
}

function largest(choices: readonly Choice[], k: number): number {
  return choices.reduce((most, { costs }) => Math.max(most, costs[k]!), 0);
}

/** Equal options: the one that is cheaper by budgets that do not bind, then the first. */
function undominated(choices: readonly Choice[], binding: readonly number[]): readonly Choice[] {
  const kept: Choice[] = [];
  for (const choice of choices.toSorted((a, b) => byErrorThenCosts(a, b, binding)))
    if (!kept.some(({ costs }) => binding.every((k) => costs[k]! <= choice.costs[k]!))) kept.push(choice);
  return kept;
}

function byErrorThenCosts(a: Choice, b: Choice, binding: readonly number[]): number {
  if (a.error !== b.error) return a.error - b.error;
  for (const k of [...binding, ...a.costs.keys()]) if (a.costs[k] !== b.costs[k]) return a.costs[k]! - b.costs[k]!;
  return a.at - b.at;
}
