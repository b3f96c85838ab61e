import { shortCount } from '../report/index.ts';
import type { Plan, PlanNode } from '../rewrite/index.ts';

/** One way to treat a node, as a plan tells it. */
export type Way = PlanNode['candidates'][number];

/** A cost that a plan's goal counts. */
export interface CountedCost {
  /** Undefined where the plan does not know it. */
  of(way: Way): number | undefined;
  /** `1.2M more MACs`, `0.3 ms less`. */
  change(amount: number): string;
  /** What rates are told by: so many of it. */
  readonly unit: { readonly amount: number; readonly text: string };
}

const million = 1e6;

const params: CountedCost = {
  of: ({ cost }) => cost.params,
  change: (amount) => `${shortCount(Math.abs(amount))} ${amount > 0 ? 'more' : 'fewer'} params`,
  unit: { amount: million, text: 'a million params' },
};

const macs: CountedCost = {
  of: ({ cost }) => cost.macs ?? undefined,
  change: (amount) => `${shortCount(Math.abs(amount))} ${amount > 0 ? 'more' : 'fewer'} MACs`,
  unit: { amount: million, text: 'a million MACs' },
};

const latency: CountedCost = {
  of: ({ cost }) => cost.milliseconds ?? undefined,
  change: (amount) => `${Number(Math.abs(amount).toPrecision(3))} ms ${amount > 0 ? 'more' : 'less'}`,
  unit: { amount: 1, text: 'a ms' },
};

/** The size of a file is that of its params, but for some bytes. */
const byTarget: Readonly<Record<string, CountedCost>> = { params, macs, size: params, latency };

/**
 * What the budgets of a plan are about: the costs that its targets name; without any the time, where it was measured, and
 * otherwise MACs, or params where sizes are open.
 */
export function countedCosts({ goal, nodes }: Plan): readonly CountedCost[] {
  const named = goal.flatMap((text) => byTarget[text.split('=')[0] ?? ''] ?? []);
  if (named.length > 0) return [...new Set(named)];
  if (nodes.some(({ candidates }) => candidates.some(({ cost }) => cost.milliseconds !== null))) return [latency];
  return [nodes.some(({ cost }) => cost?.before.macs === null) ? params : macs];
}
