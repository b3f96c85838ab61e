import type { Report } from '../report/index.ts';
import type { GoalOutcome } from './decide-goal.ts';
import type { Target } from './goal.ts';
import type { LossOutcome } from './judge-loss.ts';
import type { BenchResult } from './options.ts';
import { outcomeOf } from './reach-targets.ts';
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
      const { reached, met } = outcomeOf(target, from, to);
      return { kind: target.kind, wanted: target.text, reached: reachedText(target, reached), met };
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

/** As a report tells it: `0.498x`, `3.1ms`. */
export function reachedText({ kind, unit }: Target, reached: number | null): string {
  if (reached === null) return 'not known';
  if (unit === 'ratio') return `${reached.toFixed(3)}x`;
  return kind === 'latency' ? `${reached.toPrecision(3)}ms` : `${Math.ceil(reached)}`;
}

const units = { drop: '%', kl: ' nats', error: '' } as const;

function lossOutcome({ loss: { kind, most }, reached, ci95, met }: LossOutcome): Outcome {
  const unit = units[kind];
  const number = (value: number) => (kind === 'drop' ? value.toFixed(2) : value.toPrecision(3));
  const interval = ci95 ? ` (95 % interval ${number(ci95[0])} to ${number(ci95[1])})` : '';
  return {
    kind: `max-${kind}`,
    wanted: `${most}${unit}`,
    reached: reached === null ? 'not known' : `${number(reached)}${unit}${interval}`,
    met,
  };
}
