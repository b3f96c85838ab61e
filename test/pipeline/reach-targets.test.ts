import { describe, expect, test } from '@jest/globals';
import { Choices } from '../../src/pipeline/choices.ts';
import { parseTarget } from '../../src/pipeline/goal.ts';
import { reachTargets } from '../../src/pipeline/reach-targets.ts';
import type { ModelCost } from '../../src/pipeline/sketch.ts';
import type { NodeCandidates, PlanNode, Rewrites } from '../../src/rewrite/index.ts';

const milliseconds = new Map<unknown, number>();

/** A chain that takes so long. */
function stepsOf(time: number): [] {
  const steps: [] = [];
  milliseconds.set(steps, time);
  return steps;
}

/** Nodes of 1000 params whose candidates keep 10 … 90 %, at an error that falls with what is kept. */
function nodes(count: number): readonly NodeCandidates[] {
  return Array.from({ length: count }, (_, i): NodeCandidates => {
    const cost = { params: 1000, macs: 1000, macsUnit: 'sample' as const };
    const before = { params: 1000, macs: 1000 };
    return {
      kept: {
        name: `node${i}`,
        opType: 'Conv',
        shape: [10, 100],
        method: null,
        ranks: null,
        rankSource: null,
        cost: { before, after: before },
        weightError: null,
        outputError: null,
        skipped: null,
        sensitivity: null,
        candidates: [],
      },
      cost,
      step: {} as NonNullable<NodeCandidates['step']>,
      candidates: Array.from({ length: 9 }, (_, j) => ({
        method: 'svd',
        ranks: { R: j + 1 },
        cost: { params: 100 * (j + 1), macs: 100 * (j + 1), macsUnit: 'sample' as const },
        steps: stepsOf((j + 1.5) / 10),
        error: ((i + 1) * (9 - j)) / 100,
      })),
      chosen: false,
      without: () => undefined,
    };
  });
}

const fixed = 500;

/** What the nodes cost, and something in no node. */
function costOf({ nodes: plan }: Pick<Rewrites, 'nodes'>): ModelCost {
  const params = fixed + plan.reduce((sum, { cost }) => sum + (cost?.after.params ?? 0), 0);
  return { params, macs: params, size: 4 * params + 300, latency: null };
}

/** By the modelled times of its nodes, after ÷ before. */
function promised(plan: readonly PlanNode[]): number {
  return plan.reduce((total, { ranks }) => total + (ranks ? ((ranks['R'] as number) + 0.5) / 10 : 1), 0) / plan.length;
}

type Init = ConstructorParameters<typeof Choices>[0];

function open(kinds: Init['kinds'], time?: Init['milliseconds']): Choices {
  return new Choices({ pruned: [], nodes: nodes(5), kinds, milliseconds: time, bytesPerParameter: 4, norm: 'weights' });
}

const before = costOf({ nodes: nodes(5).map(({ kept }) => kept) });

describe('targets', () => {
  test.each(['params=0.5x', 'macs=0.4x', 'params=3000', 'size=10KB', 'size=0.6x'])(
    '%s is met by the whole model',
    async (text) => {
      const target = parseTarget(text);
      const {
        outcomes,
        met,
        rewrites: plan,
      } = await reachTargets(open([target.kind]), [target], before, async (chosen) => costOf(chosen));
      expect(met).toBe(true);
      const total = costOf(plan)[target.kind as 'params'] as number;
      const most = target.unit === 'ratio' ? target.most * (before[target.kind as 'params'] as number) : target.most;
      expect(total).toBeLessThanOrEqual(most);
      expect(total).toBeGreaterThan(0.8 * most);
      expect(outcomes).toHaveLength(1);
    },
  );

  test('several hold at once', async () => {
    const targets = [parseTarget('params=0.5x'), parseTarget('size=0.45x')];
    const { outcomes, met } = await reachTargets(open(['params', 'size']), targets, before, async (chosen) =>
      costOf(chosen),
    );
    expect(met).toBe(true);
    expect(outcomes.map(({ met }) => met)).toEqual([true, true]);
  });

  test('cost where it hurts least: nodes of small error give more', async () => {
    const target = parseTarget('params=0.5x');
    const {
      rewrites: { nodes: plan },
    } = await reachTargets(open(['params']), [target], before, async (chosen) => costOf(chosen));
    const left = plan.map(({ cost }) => cost?.after.params ?? 0);
    expect(left).toEqual(left.toSorted((a, b) => a - b));
  });

  test('that cannot be reached give the nearest plan, and say so', async () => {
    const target = parseTarget('params=0.01x');
    const {
      outcomes,
      met,
      rewrites: { nodes: plan },
    } = await reachTargets(open(['params']), [target], before, async (chosen) => costOf(chosen));
    expect(met).toBe(false);
    expect(outcomes[0]?.reached).toBeCloseTo((fixed + 500) / 5500, 6);
    expect(plan.every(({ ranks }) => ranks?.['R'] === 1)).toBe(true);
  });

  test('of latency follow what the whole model takes, not what its nodes promise', async () => {
    const target = parseTarget('latency=0.5x');
    const choices = open(['latency'], () => 1);
    // All candidates seem to take as long as the node itself: nothing can be saved, and the search must end.
    const timed = async (): Promise<ModelCost> => ({
      ...before,
      latency: { milliseconds: 1, before: 1, ratio: 1, ci95: [1, 1] },
    });
    const { met, outcomes } = await reachTargets(choices, [target], before, timed);
    expect(met).toBe(false);
    expect(outcomes[0]?.reached).toBe(1);
  });

  test.each([
    ['it is off by 6 %, now up, now down', (sketch: number) => (sketch % 2 === 0 ? 1.06 : 0.94)],
    ['the second reading is wild', (sketch: number) => (sketch === 1 ? 0.7 : 1)],
  ])('of latency are reached in a few rounds by a clock of which %s', async (_, noise) => {
    const target = parseTarget('latency=0.5x');
    const choices = open(['latency'], (chain) => milliseconds.get(chain) ?? 1);
    let sketches = 0;
    const timed = async ({ nodes: plan }: Rewrites): Promise<ModelCost> => {
      const ratio = 1 / (promised(plan) * noise(sketches++));
      return { ...before, latency: { milliseconds: 5 / ratio, before: 5, ratio, ci95: [ratio, ratio] } };
    };
    const {
      rewrites: { nodes: plan },
    } = await reachTargets(choices, [target], before, timed, { looks: 3 });
    expect(sketches).toBeLessThan(5);
    expect(promised(plan)).toBeGreaterThan(0.46);
    expect(promised(plan)).toBeLessThan(0.51);
  });

  test('of latency are not believed of one lucky sketch', async () => {
    const target = parseTarget('latency=0.5x');
    const choices = open(['latency'], (chain) => milliseconds.get(chain) ?? 1);
    // The whole model takes a tenth more than its nodes promise, and the first sketch happens to hide it.
    const found = async (looks: number) => {
      const ratios: number[] = [];
      const { rewrites } = await reachTargets(
        choices,
        [target],
        before,
        async ({ nodes: plan }) => {
          const ratio = (ratios.length === 0 ? 1.1 : 1) / (1.1 * promised(plan));
          ratios.push(ratio);
          return { ...before, latency: { milliseconds: 5 / ratio, before: 5, ratio, ci95: [ratio, ratio] } };
        },
        { looks },
      );
      return { latency: 1.1 * promised(rewrites.nodes), sketches: ratios.length };
    };
    const once = await found(1);
    expect(once).toMatchObject({ sketches: 1 });
    expect(once.latency).toBeGreaterThan(0.5);
    const often = await found(5);
    expect(often.sketches).toBeGreaterThanOrEqual(5);
    expect(often.latency).toBeLessThan(0.5);
  });

  test('tell of each node the chosen candidate and the two next best', async () => {
    const target = parseTarget('params=0.5x');
    const {
      rewrites: { nodes: plan },
    } = await reachTargets(open(['params']), [target], before, async (chosen) => costOf(chosen));
    for (const { candidates, method, ranks } of plan) {
      expect(candidates).toHaveLength(3);
      expect(candidates[0]).toMatchObject({ method, ranks });
    }
  });

  test('spend more where errors count more', async () => {
    const errors = nodes(2).map((node, i) => ({
      ...node,
      kept: { ...node.kept, sensitivity: i === 0 ? 1 : 1e-4 },
      candidates: node.candidates.map((candidate, j) => ({ ...candidate, error: (9 - j) / 100 })),
    }));
    const choices = new Choices({
      pruned: [],
      nodes: errors,
      kinds: ['params'],
      milliseconds: undefined,
      bytesPerParameter: 4,
      norm: 'outputs',
    });
    const [first, second] = choices.within([1100])?.nodes ?? [];
    expect(first?.cost?.after.params).toBeGreaterThan(second?.cost?.after.params as number);
    // The plan tells the error of the node itself.
    expect(second?.outputError).toBeCloseTo((10 - (second?.ranks?.['R'] ?? 0)) / 100, 12);
  });
});
