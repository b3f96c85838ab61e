import type { Report } from '../report/index.ts';
import type { GoalOutcome } from './decide-goal.ts';
import type { Target } from './goal.ts';
import type { LossOutcome } from './judge-loss.ts';
import type { BenchResult } from './options.ts';
import { outcomeOf, type TargetOutcome } from './reach-targets.ts';
import type { ModelCost } from './sketch.ts';

type Outcome = Report['targets'][number];
type Costs = Pick<Report['input'], 'params' | 'macs' | 'bytes'>;

/** What was wanted and what the finished model does. */
export function targetsOf(
  { goal, losses }: GoalOutcome,
  before: Costs,
  after: Costs,
  benchmark: BenchResult | null,
): Outcome[] {
  const [from, to] = [costOf(before, null), costOf(after, benchmark)];
  return [
    ...goal.targets.map((target): Outcome => {
      const outcome = outcomeOf(target, from, to);
      return { kind: target.kind, wanted: target.text, reached: reachedText(outcome), met: outcome.met };
    }),
    ...losses.map(lossOutcome),
  ];
}

/** @param benchmark of the model against the original */
export function costOf({ params, macs, bytes }: Costs, benchmark: BenchResult | null): ModelCost {
  const latency = benchmark && {
    milliseconds: benchmark.after.p50,
    ratio: benchmark.ratio,
    ci95: [benchmark.ci95[0], benchmark.ci95[1]] as const,
    before: benchmark.before.p50,
  };
  return { params, macs, size: bytes, latency };
}

/** As a report tells it: `0.612x`, `0.498x (95 % interval 0.491 to 0.506)`, `3.10ms (…)`. */
export function reachedText({ target, reached, interval }: Omit<TargetOutcome, 'met'>): string {
  if (reached === null) return 'not known';
  const number = numberOf(target);
  return `${number(reached)}${unitOf(target)}${intervalText(interval, number)}`;
}

function numberOf({ kind, unit }: Target): (value: number) => string {
  if (unit === 'ratio') return (value) => value.toFixed(3);
  return kind === 'latency' ? (value) => value.toPrecision(3) : (value) => `${Math.ceil(value)}`;
}

function unitOf({ kind, unit }: Target): string {
  if (unit === 'ratio') return 'x';
  return kind === 'latency' ? 'ms' : '';
}

function intervalText(interval: readonly [number, number] | undefined, number: (value: number) => string): string {
  return interval ? ` (95 % interval ${number(interval[0])} to ${number(interval[1])})` : '';
}

const units = { drop: '%', kl: ' nats', error: '' } as const;

function lossOutcome({ loss: { kind, most }, reached, ci95, met }: LossOutcome): Outcome {
  const unit = units[kind];
  const number = (value: number) => (kind === 'drop' ? value.toFixed(2) : value.toPrecision(3));
  return {
    kind: `max-${kind}`,
    wanted: `${most}${unit}`,
    reached: reached === null ? 'not known' : `${number(reached)}${unit}${intervalText(ci95 ?? undefined, number)}`,
    met,
  };
}
