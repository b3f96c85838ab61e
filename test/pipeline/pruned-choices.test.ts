import { describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../src/numerics/index.ts';
import { Choices, type ChoicesInit } from '../../src/pipeline/choices.ts';
import { PrunedChoices, touchedBy } from '../../src/pipeline/pruned-choices.ts';
import type { Candidate, GroupLevels, NodeCandidates, PruneLevel } from '../../src/rewrite/index.ts';

const channels = 8;

function costOf(size: number) {
  return { params: size, macs: size, macsUnit: 'sample' as const };
}

/** What the sketch of a step is does not matter where time is not counted. */
const step = {} as NonNullable<NodeCandidates['step']>;

/** A node of 8 × 8 channels whose candidates keep 2, 4 and 6 of them in between. */
function node(name: string, errors: readonly number[]): NodeCandidates {
  const sized = (inputs: number, outputs: number, list: readonly Candidate[]) =>
    list.map((candidate) => ({ ...candidate, cost: costOf((candidate.ranks['R'] as number) * (inputs + outputs)) }));
  const ways = (inputs: number, outputs: number, list: readonly Candidate[]) => ({
    cost: costOf(inputs * outputs),
    step,
    candidates: sized(inputs, outputs, list).filter(({ cost }) => cost.params < inputs * outputs),
  });
  const candidates = errors.map((error, i): Candidate => {
    return { method: 'svd', ranks: { R: i + 1 }, cost: costOf(0), steps: [], error };
  });
  const kept: NodeCandidates['kept'] = {
    ...{ name, opType: 'Conv', shape: [channels, channels, 1, 1], method: null, ranks: null, rankSource: null },
    cost: { before: { params: 64, macs: 64 }, after: { params: 64, macs: 64 } },
    ...{ weightError: null, outputError: null, skipped: null, sensitivity: null, candidates: [] },
  };
  return {
    ...{ kept, chosen: false },
    ...ways(channels, channels, candidates),
    without: ({ inputs, outputs }, list) => ways(channels - inputs, channels - outputs, list),
  };
}

/** Channels between two nodes, of which 2, 4 or 6 can go. */
function group(maker: string, reader: string, losses: readonly number[]): GroupLevels {
  const levels = losses.map((loss, i): PruneLevel => {
    const gone = 2 * (i + 1);
    return {
      entry: { pass: 'prune-filters', group: maker, kept: `0-${channels - gone - 1}`, of: channels, loss },
      gone: new Map([
        [maker, { inputs: 0, outputs: gone, groups: 0 }],
        [reader, { inputs: gone, outputs: 0, groups: 0 }],
      ]),
      losses: new Map([[reader, loss]]),
    };
  });
  return { name: maker, levels };
}

/** A chain of nodes with channels between them, and errors that rise with what is taken. */
function chain(seed: number, length: number) {
  const random = seededRandom(seed, 'chain');
  const falling = () => [0, 0, 0].map(() => random.uniform()).sort((a, b) => b - a);
  const nodes = Array.from({ length }, (_, i) => node(`n${i}`, falling()));
  const scale = random.uniform();
  const groups = Array.from({ length: length - 1 }, (_, i) =>
    group(
      `n${i}`,
      `n${i + 1}`,
      falling()
        .reverse()
        .map((loss) => (scale * loss) / 4),
    ),
  );
  const init: ChoicesInit = {
    ...{ pruned: [], nodes, kinds: ['params'], milliseconds: undefined, bytesPerParameter: 4, norm: 'outputs' },
    counted: touchedBy(groups),
  };
  return { init, groups, plain: new Choices(init) };
}

/** The least error over all levels of all groups, each with the exact choice of its nodes. */
function exhaustive({ init, groups, plain }: ReturnType<typeof chain>, budget: number): number {
  const [first, ...rest] = groups;
  if (!first) return plain.within([budget])?.error ?? Number.POSITIVE_INFINITY;
  const errors = [undefined, ...first.levels].map((level) => {
    if (!level) return exhaustive({ init, groups: rest, plain: new Choices(init) }, budget);
    return exhaustive({ ...at(init, level), groups: rest }, budget);
  });
  return Math.min(...errors);
}

/** The instance with one level taken for good. */
function at(init: ChoicesInit, level: PruneLevel) {
  const nodes = init.nodes.map((one): NodeCandidates => {
    const gone = level.gone.get(one.kept.name);
    const ways = gone && one.without(gone, one.candidates);
    if (!gone || !ways) return one;
    return {
      ...one,
      ...ways,
      without: (more, list) =>
        one.without({ inputs: gone.inputs + more.inputs, outputs: gone.outputs + more.outputs, groups: 0 }, list),
    };
  });
  const loss = (init.loss ?? 0) + [...level.losses.values()].reduce((sum, part) => sum + 4 * part, 0);
  const smaller = { ...init, nodes, loss };
  return { init: smaller, plain: new Choices(smaller) };
}

describe('filters and factorizations together', () => {
  test('come near the least error of all combinations, and never above factorizing alone', () => {
    const excesses: number[] = [];
    for (let seed = 0; seed < 20; seed++) {
      const instance = chain(seed, 4);
      const { init, groups, plain } = instance;
      const together = new PrunedChoices(init, groups, plain);
      for (const budget of [200, 140, 90, 60]) {
        const found = together.within([budget]);
        const alone = plain.within([budget])?.error ?? Number.POSITIVE_INFINITY;
        const best = exhaustive(instance, budget);
        if (!found) {
          expect(alone).toBe(Number.POSITIVE_INFINITY);
          continue;
        }
        expect(found.costs[0]).toBeLessThanOrEqual(budget);
        expect(found.error).toBeLessThanOrEqual(alone);
        expect(found.error).toBeGreaterThanOrEqual(best * (1 - 1e-9));
        excesses.push(best > 0 ? found.error / best - 1 : 0);
      }
    }
    excesses.sort((a, b) => a - b);
    expect(excesses.length).toBeGreaterThan(60);
    expect(excesses[Math.floor(excesses.length / 2)]).toBeLessThan(0.02);
    expect(excesses[Math.floor(0.9 * excesses.length)]).toBeLessThan(0.35);
  });

  test('keep every filter where these cost more than they save', () => {
    const { init, groups } = chain(1, 3);
    const dear = groups.map(({ name, levels }) => ({
      name,
      levels: levels.map((level) => ({ ...level, losses: new Map([['n1', 1e3]]) })),
    }));
    const found = new PrunedChoices(init, dear, new Choices(init)).within([120]);
    expect(found?.pruned).toEqual([]);
  });

  test('reach less than factorizing alone can', () => {
    const { init, groups, plain } = chain(2, 3);
    const together = new PrunedChoices(init, groups, plain);
    const [least] = plain.range.least;
    expect(together.range.least[0]).toBeLessThan(least as number);
    expect(plain.within([0.7 * (least as number)])).toBeUndefined();
    const found = together.within([0.7 * (least as number)]);
    expect(found?.pruned.length).toBeGreaterThan(0);
    for (const { kept } of found?.pruned ?? []) expect(kept).toMatch(/^0-\d$/);
  });

  test('tell what pruned nodes cost before, with fewer channels, and in the end', () => {
    const { init, groups, plain } = chain(3, 3);
    const found = new PrunedChoices(init, groups, plain).within([60]);
    const touched = (found?.nodes ?? []).filter(({ cost }) => cost?.pruned !== undefined);
    expect(touched.length).toBeGreaterThan(0);
    for (const { cost } of touched) {
      expect(cost?.before.params).toBe(64);
      expect(cost?.pruned?.params).toBeLessThan(64);
      expect(cost?.after.params).toBeLessThanOrEqual(cost?.pruned?.params ?? 0);
    }
  });
});
