import type { Rewrites } from '../rewrite/index.ts';
import { quantile } from '../validate/index.ts';
import type { Chooser, Chosen } from './choices.ts';
import type { Target, TargetKind } from './goal.ts';
import type { ModelCost } from './sketch.ts';

/** What was wanted of a model, and what came of it. */
export interface TargetOutcome {
  readonly target: Target;
  /** In the target's unit: after ÷ before, or the amount. */
  readonly reached: number | null;
  /** 95 % interval of a latency. */
  readonly interval?: readonly [low: number, high: number];
  readonly met: boolean;
}

export interface Reached {
  readonly rewrites: Rewrites;
  /** The same with its error and the sums of its costs; undefined where no choice is within any budget. */
  readonly chosen: Chosen | undefined;
  readonly outcomes: readonly TargetOutcome[];
  readonly met: boolean;
}

/** Times vary from run to run: what is aimed at is so much below what was asked for, and half of it is near enough. */
const latencyMargin = 0.03;

/** Rounds of choosing and looking. Sums over nodes forecast sizes to some bytes and times to some per cent. */
const rounds = 10;

/** A latency below this share of the target gives away accuracy. */
const tooFast = 0.94;

/** Plans whose sums of modelled times differ by less than this factor are timed alike: what was measured of all of them counts. */
const alike = 1.15;

/**
 * Finds the plan with the least error that meets all targets, as measured on the whole model: budgets of the nodes are
 * moved until the model made of them (a sketch, with random weights) costs what was asked for.
 *
 * @param before what the model costs as it came
 * @param costOf what the model of a plan costs
 * @param from budgets, those of time to begin with: where others have come near already
 * @param looks so many sketches of plans that are alike have to be timed before a latency is believed
 * @returns the best plan that meets all targets; where none does, the one that comes nearest
 */
export async function reachTargets(
  choices: Chooser,
  targets: readonly Target[],
  before: ModelCost,
  costOf: (rewrites: Rewrites) => Promise<ModelCost>,
  { from, looks = 1 }: { readonly from?: readonly number[] | undefined; readonly looks?: number } = {},
): Promise<Reached> {
  const { whole, least } = choices.range;
  const share = (target: Target) => wantedShare(target, before);
  let budgets: readonly number[] = choices.kinds.map((kind, k) => {
    const target = targets.find((one) => one.kind === kind);
    const total = kind === 'latency' ? (whole[k] as number) : (before[kind] ?? 0);
    if (!target) return Number.POSITIVE_INFINITY;
    if (kind === 'latency' && from) return Math.max(least[k] as number, from[k] as number);
    // What is in no node cannot be saved.
    const fixed = kind === 'latency' ? 0 : total - (whole[k] as number);
    return Math.max(least[k] as number, aim(target) * share(target) * total - fixed);
  });
  const tried: Tried[] = [];
  let best: Rated | undefined;
  for (let round = 0; round < rounds; round++) {
    const found = choices.within(budgets) ?? choices.within(least.map((cost) => cost * (1 + 1e-9)));
    if (!found) break;
    const cost = await costOf(found);
    const outcomes = targets.map((target) => outcomeOf(target, before, cost));
    tried.push({ found, outcomes, sum: found.costs[choices.kinds.indexOf('latency')] ?? 0 });
    const rated = tried.map((one) => rate(one, tried));
    const last = rated.at(-1) as Rated;
    best = rated.reduce((a, b) => (isBetter(b, a) ? b : a));
    const next = budgets.map((budget, k) => {
      const kind = choices.kinds[k] as TargetKind;
      const outcome = last.outcomes.find(({ target }) => target.kind === kind);
      if (!outcome || outcome.reached === null) return budget;
      const { target, reached } = outcome;
      if (kind === 'latency') return Math.max(least[k] as number, budget * ((aim(target) * target.most) / reached));
      const total = before[kind] ?? 0;
      const over = target.unit === 'ratio' ? (reached - target.most) * total : reached - target.most;
      // From what was chosen, not from what was allowed: options are steps, and a budget between two is the lower one.
      return over > 0 ? Math.max(least[k] as number, Math.min(budget, found.costs[k] as number) - over) : budget;
    });
    const settled = last.outcomes.every(
      ({ target: { kind, most: wanted }, reached, met: holds }) =>
        holds && (kind !== 'latency' || (reached ?? 0) >= tooFast * wanted),
    );
    const { sum } = tried.at(-1) as Tried;
    if (settled && sum > 0 && tried.filter((one) => areAlike(one.sum, sum)).length < looks) continue;
    if (settled || next.every((budget, k) => budget === budgets[k])) break;
    budgets = next;
  }
  return best ?? { rewrites: choices.kept(), chosen: undefined, outcomes: [], met: false };
}

function aim({ kind }: Target): number {
  return kind === 'latency' ? 1 - latencyMargin : 1;
}

interface Tried {
  readonly found: Chosen;
  readonly outcomes: readonly TargetOutcome[];
  /** Sum of the modelled times of its nodes; 0 where time does not count. */
  readonly sum: number;
}

function rate({ found, outcomes, sum }: Tried, tried: readonly Tried[]): Rated {
  const steady = outcomes.map((outcome) =>
    outcome.target.kind === 'latency' ? steadied(outcome, sum, tried) : outcome,
  );
  return { rewrites: found, chosen: found, error: found.error, outcomes: steady, met: steady.every(({ met }) => met) };
}

/**
 * The latency of a plan as all sketches of plans like it tell it together: on a busy machine, and with several threads, one
 * alone is off by several per cent, now and then by far more. The middle of the timings counts, not their interval: the
 * finished model has many.
 */
function steadied(outcome: TargetOutcome, sum: number, tried: readonly Tried[]): TargetOutcome {
  const { target, reached } = outcome;
  if (reached === null) return outcome;
  const logs = tried.flatMap((other) => {
    const time = other.outcomes.find(({ target: { kind } }) => kind === 'latency')?.reached;
    return time && areAlike(other.sum, sum) ? [Math.log(time / other.sum)] : [];
  });
  const steady = logs.length > 0 ? sum * Math.exp(middleOf(logs)) : reached;
  return { target, reached: steady, met: steady <= (1 - latencyMargin / 2) * target.most };
}

/** Whether two plans come to about the same modelled time. */
function areAlike(a: number, b: number): boolean {
  return a > 0 && b > 0 && Math.abs(Math.log(a / b)) < Math.log(alike);
}

/** The mean, without what lies further from the median than plans that are alike may: one wild value does not move it. */
function middleOf(logs: readonly number[]): number {
  const median = quantile(Float64Array.from(logs).sort(), 0.5);
  const near = logs.filter((log) => Math.abs(log - median) < Math.log(alike));
  const kept = near.length > 0 ? near : logs;
  return kept.reduce((total, log) => total + log, 0) / kept.length;
}

/** After ÷ before. */
function wantedShare({ kind, unit, most }: Target, before: ModelCost): number {
  if (unit === 'ratio') return most;
  const total = kind === 'latency' ? before.latency?.milliseconds : before[kind];
  return total ? Math.min(1, most / total) : 1;
}

/** A latency counts as reached where its 95 % interval reaches it; everything else is known exactly. */
export function outcomeOf(target: Target, before: ModelCost, after: ModelCost): TargetOutcome {
  const { kind, unit, most } = target;
  if (kind === 'latency') {
    const { latency } = after;
    if (!latency) return { target, reached: null, met: false };
    const scale = unit === 'ratio' ? 1 : latency.before;
    const [slowest, quickest] = latency.ci95;
    const interval = [scale / quickest, scale / slowest] as const;
    return { target, reached: scale / latency.ratio, interval, met: interval[0] <= most };
  }
  const [from, to] = [before[kind], after[kind]];
  if (to === null || (unit === 'ratio' && from === null)) return { target, reached: null, met: false };
  const reached = unit === 'ratio' ? to / (from as number) : to;
  return { target, reached, met: reached <= most * (1 + 1e-9) };
}

type Rated = Reached & { readonly error: number };

function isBetter(a: Rated, b: Rated): boolean {
  return a.met && b.met ? a.error < b.error : isNearer(a, b);
}

/** Whether the one meets targets that the other does not, or misses them by less. */
export function isNearer(a: Reached, b: Reached): boolean {
  if (a.met !== b.met) return a.met;
  return !a.met && excess(a) < excess(b);
}

/** By how much the worst target is missed. */
function excess({ outcomes }: Reached): number {
  return Math.max(...outcomes.map(({ target, reached }) => (reached ?? Number.POSITIVE_INFINITY) / target.most));
}
