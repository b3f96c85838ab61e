import { describe, expect, test } from '@jest/globals';
import { countedCosts, type Way } from '../../src/pipeline/plan-costs.ts';
import { bestTrades } from '../../src/pipeline/plan-trades.ts';
import { whyNot } from '../../src/pipeline/why-not.ts';
import type { Plan, PlanNode } from '../../src/rewrite/index.ts';
import { plan } from '../cli/fake-engine.ts';

function way(macs: number | null, error: number, milliseconds: number | null = null): Way {
  return { method: 'svd', ranks: { R: 1 }, cost: { params: 100, macs, milliseconds }, error };
}

const template = plan.nodes[0] as PlanNode;

function planWith(goal: readonly string[], ...nodes: readonly (readonly Way[])[]): Plan {
  return {
    ...plan,
    goal: [...goal],
    nodes: nodes.map((candidates, i) => ({ ...template, name: `node${i}`, candidates: [...candidates] })),
  };
}

/** Why the second way of the first node was not chosen. */
function reason(made: Plan): string {
  const [first, ...others] = made.nodes;
  const [chosen, other] = first?.candidates ?? [];
  const counted = countedCosts(made);
  const [cost] = counted;
  if (!chosen || !other || !cost) throw new Error('two ways and a cost');
  return whyNot(chosen, other, counted, bestTrades(others, cost));
}

const macs = ['macs=0.5x'];

describe('why a way was not chosen', () => {
  test.each([
    [way(1e6, 0.2), '0.1 more error for the same cost'],
    [way(3e6, 0.1), '2M more MACs for the same error'],
    [way(3e6, 0.3), '0.2 more error and 2M more MACs'],
    [way(1e6, 0.1), 'the same cost and the same error: the first of equals was taken'],
    [way(0.5e6, 0.05), '0.05 less error and 500k fewer MACs: by these numbers the better one'],
    [way(null, 0.2), '0.1 more error; its cost is not known'],
  ])('is told by both numbers alone where no trade is needed', (other, expected) => {
    expect(reason(planWith(macs, [way(1e6, 0.1), other]))).toBe(expected);
  });

  test('of less error for more cost is what the cheapest other node would lose', () => {
    const ways = [way(1e6, 0.1), way(2e6, 0.08)];
    expect(reason(planWith(macs, ways, [way(4e6, 0.1), way(3e6, 0.13)], [way(4e6, 0.1), way(3e6, 0.16)]))).toBe(
      '0.02 less error for 1M more MACs, 0.02 a million MACs; the cheapest way to pay for it would lose more: node1 at 0.03 a million MACs',
    );
    expect(reason(planWith(macs, ways))).toMatch(/the plan lists no other node that could give that up$/);
    expect(reason(planWith(macs, ways, [way(4e6, 0.1), way(3.9e6, 0.101)]))).toMatch(
      /node1 would pay at a lower rate, but has too little to give in its next step: 0.001 more error for 100k fewer MACs$/,
    );
    expect(reason(planWith(macs, ways, [way(4e6, 0.1), way(1e6, 0.13)]))).toMatch(
      /node1 would pay at a lower rate, but only in a larger step: 0.03 more error for 3M fewer MACs$/,
    );
  });

  test('of less cost for more error is what the best other use would win back', () => {
    const ways = [way(2e6, 0.1), way(1e6, 0.15)];
    expect(reason(planWith(macs, ways, [way(1e6, 0.1), way(2e6, 0.08)], [way(1e6, 0.1), way(2e6, 0.06)]))).toBe(
      '1M fewer MACs for 0.05 more error, 0.05 a million MACs; the best use of what it saves would win back less error: node2 at 0.04 a million MACs',
    );
    expect(reason(planWith(macs, ways))).toMatch(/the plan lists no other node that what it saves would help$/);
    expect(reason(planWith(macs, ways, [way(1e6, 0.3), way(3e6, 0.1)]))).toMatch(
      /node1 would make more of it, but its next step needs more than this saves: 0.2 less error for 2M more MACs$/,
    );
    expect(reason(planWith(macs, ways, [way(1e6, 0.03), way(1.5e6, 0)]))).toMatch(
      /node1 would make more of it, but only in a smaller step: 0.03 less error for 500k more MACs$/,
    );
  });

  test('counts time where only losses were named and time was measured, MACs or params where it was not', () => {
    const losses = ['max-error=0.1'];
    expect(reason(planWith(losses, [way(1e6, 0.1, 2), way(1e6, 0.2, 1.5)]))).toMatch(/^0.5 ms less for 0.1 more error/);
    expect(reason(planWith(losses, [way(2e6, 0.1), way(1e6, 0.2)]))).toMatch(/^1M fewer MACs for 0.1 more error/);
    const open = planWith(losses, [way(null, 0.1), { ...way(null, 0.2), cost: { ...way(null, 0).cost, params: 60 } }]);
    const unsized = { before: { params: 100, macs: null }, after: { params: 100, macs: null } };
    expect(reason({ ...open, nodes: open.nodes.map((node) => ({ ...node, cost: unsized })) })).toMatch(
      /^40 fewer params for 0.1 more error/,
    );
  });

  test('weighs several targets together', () => {
    const both = ['macs=0.5x', 'latency=0.5x'];
    expect(reason(planWith(both, [way(2e6, 0.1, 1), way(1e6, 0.2, 1.5)]))).toBe(
      '0.1 more error, 1M fewer MACs, 0.5 ms more; weighed by all targets together it comes behind',
    );
    expect(reason(planWith(both, [way(2e6, 0.1, 1), way(2e6, 0.2, 1.5)]))).toBe(
      '0.1 more error, 0.5 ms more: better in nothing',
    );
  });
});
