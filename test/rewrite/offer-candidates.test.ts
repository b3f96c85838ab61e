import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { builtinPasses } from '../../passes/index.ts';
import type { Event } from '../../src/events.ts';
import type { Model } from '../../src/ir/index.ts';
import { plainBlas } from '../../src/numerics/index.ts';
import { definePass, type Pass } from '../../src/pass/index.ts';
import {
  applyNodes,
  type Candidate,
  type CandidateOptions,
  type CurveServer,
  type Environment,
  FitCache,
  type NodeCandidates,
  offerCandidates,
  type Policy,
  resolvePipeline,
} from '../../src/rewrite/index.ts';
import { fakeCalibration } from '../support/fake-calibration.ts';
import { ModelBuilder, smallCnn } from '../support/small-models.ts';

const environment: Environment = { blas: plainBlas, seed: 0, signal: new AbortController().signal, onEvent: () => {} };
const everything: Policy = { requireGain: 'none', ranks: {}, allows: () => true };
const allMethods =
  'fuse-batch-norm,tucker-2,cp-split{sweeps=10,starts=1},spatial-svd,channel-svd,grouped-core{sweeps=5},tensor-train,svd';

async function candidatesOf(
  model: Model,
  pipeline: string,
  options: Partial<CandidateOptions> = {},
  policy: Policy = everything,
  passes: readonly Pass[] = builtinPasses,
  curves?: CurveServer,
): Promise<readonly NodeCandidates[]> {
  const stages = resolvePipeline(pipeline, passes);
  const own = { ...environment, ...(curves && { curves }) };
  const offers = await offerCandidates(model, stages, policy, own, { block: 1, ...options });
  return (await offers.estimate()).nodes;
}

function server(errors: CurveServer['errors']): CurveServer {
  return { nodesBehind: 2, errors };
}

function byMethod({ candidates }: NodeCandidates): ReadonlyMap<string, readonly Candidate[]> {
  const methods = [...new Set(candidates.map(({ method }) => method))];
  return new Map(methods.map((method) => [method, candidates.filter((candidate) => candidate.method === method)]));
}

/** Candidates whose error is above that of one with no larger rank. */
function risingPairs(candidates: readonly Candidate[]): readonly Candidate[] {
  const isWithin = ({ ranks }: Candidate, large: Candidate) =>
    Object.entries(ranks).every(([axis, rank]) => rank <= (large.ranks[axis] as number));
  return candidates.filter((large) => candidates.some((small) => isWithin(small, large) && small.error < large.error));
}

describe('candidates', () => {
  test('are found for every node, in file order, without a rank pass', async () => {
    const found = await candidatesOf(smallCnn(), allMethods, { block: 2 });
    expect(found.map(({ kept }) => kept.name)).toEqual(['conv1', 'conv2', 'classifier']);
    expect([...byMethod(found[1] as NodeCandidates).keys()].sort()).toEqual(
      ['channel-svd', 'cp-split', 'grouped-core', 'spatial-svd', 'tensor-train', 'tucker-2'].sort(),
    );
    expect([...byMethod(found[2] as NodeCandidates).keys()]).toEqual(['svd']);
    for (const { kept, step, cost } of found) {
      expect(kept).toMatchObject({ method: null, skipped: null });
      expect(kept.cost?.before).toEqual({ params: cost?.params, macs: cost?.macs });
      expect(step).toMatchObject({ opType: kept.opType, outputs: kept.shape[kept.opType === 'Conv' ? 0 : 1] });
    }
  });

  test.each([undefined, fakeCalibration()])(
    'never lose more at larger ranks (calibration: %p)',
    async (calibration) => {
      const found = await candidatesOf(smallCnn(), allMethods, { block: 2, ...(calibration && { calibration }) });
      for (const [method, candidates] of found.flatMap((node) => [...byMethod(node)]))
        expect({ method, rising: risingPairs(candidates) }).toEqual({ method, rising: [] });
      const errors = found.flatMap(({ candidates }) => candidates.map(({ error }) => error));
      expect(errors.filter((error) => !(error >= 0 && error <= 1))).toEqual([]);
    },
  );

  test('are the same where their errors come from elsewhere, late, or from nowhere', async () => {
    const given = { block: 2, calibration: fakeCalibration() };
    const asked: string[] = [];
    const found = await Promise.all(
      [
        undefined,
        server(({ pass }) => {
          asked.push(pass);
          return undefined;
        }),
        server(() => new Promise((_, reject) => setTimeout(reject, 20, new Error('gone')))),
      ].map((curves) => candidatesOf(smallCnn(), allMethods, given, everything, builtinPasses, curves)),
    );
    const [here, ...others] = found.map((nodes) => nodes.map(({ kept, candidates }) => ({ kept, candidates })));
    for (const other of others) expect(other).toEqual(here);
    expect(new Set(asked)).toContain('cp-split');
  });

  test('take errors from elsewhere as they come', async () => {
    const nodes = await candidatesOf(
      smallCnn(),
      'fuse-batch-norm,cp-split',
      { block: 2, calibration: fakeCalibration() },
      everything,
      builtinPasses,
      server(async ({ ranks }) => ranks.map((_, place) => 0.9 - 0.01 * place)),
    );
    const { candidates } = nodes[1] as NodeCandidates;
    expect(candidates.map(({ error }) => Math.sqrt(error))).toEqual(
      candidates.map((_, place) => expect.closeTo(0.9 - 0.01 * place, 12)),
    );
  });

  test('say what an applied plan will cost', async () => {
    const model = smallCnn();
    const [, node] = await candidatesOf(model, allMethods, { block: 4 });
    const stages = resolvePipeline(allMethods, builtinPasses);
    for (const [method, candidates] of byMethod(node as NodeCandidates)) {
      const { ranks, cost, steps } = candidates[0] as Candidate;
      const entry = { ...(node as NodeCandidates).kept, method, ranks: { ...ranks } };
      const plan = { pruned: [], nodes: [entry] };
      const applied = await applyNodes(model, stages, plan, everything, environment, new FitCache(), {
        reference: false,
      });
      const made = applied.model.graph.nodes.filter(({ name }) => name.startsWith('conv2/'));
      expect(made.map(({ name }) => name)).toEqual(steps.map(({ label }) => `conv2/${label}`));
      const weights = made.map(({ inputs }) => inputs[1]?.tensor);
      expect(weights.map((tensor) => tensor?.dims)).toEqual(steps.map(({ weightDims }) => weightDims));
      expect(cost.params).toBe(weights.reduce((sum, tensor) => sum + (tensor?.size ?? 0), 0));
    }
  });

  test('come in multiples of the block, counted in channels', async () => {
    const found = await candidatesOf(smallCnn(), allMethods, { block: 4 });
    const channels = found.flatMap(({ candidates }) =>
      candidates.flatMap(({ steps }) => steps.slice(0, -1).map(({ outputs }) => outputs)),
    );
    expect(channels.length).toBeGreaterThan(20);
    expect(channels.filter((count) => count % 4 !== 0)).toEqual([]);
  });

  test('keep an axis whole that is shorter than a block', async () => {
    const [first] = await candidatesOf(smallCnn(), 'tucker-2', { block: 9 });
    expect(first?.candidates.map(({ ranks }) => ranks)).toEqual([{ R3: 8, R4: 9 }]);
  });

  test('are all worth it under the policy', async () => {
    const found = await candidatesOf(smallCnn(), allMethods, {}, { ...everything, requireGain: 'params-or-macs' });
    for (const { cost, candidates } of found) {
      for (const candidate of candidates) {
        expect(candidate.cost.params).toBeLessThanOrEqual(cost?.params ?? 0);
        expect(candidate.cost.macs).toBeLessThanOrEqual(cost?.macs ?? 0);
      }
    }
    expect(found[1]?.candidates.length).toBeGreaterThan(50);
  });

  test('stay few on wide operators', async () => {
    const wide = new ModelBuilder()
      .input('x', [1, 40, 4, 4])
      .random('w', [300, 40, 1, 1])
      .random('v', [20, 300, 1, 1])
      .node('Conv', ['x', 'w'], 'a', [], 'wide')
      .node('Conv', ['a', 'v'], 'y', [], 'narrow')
      .output('y').model;
    const free = definePass({
      name: 'free',
      kind: 'factorize',
      summary: 'three ranks from 1 to 300',
      options: z.strictObject({}),
      match: ({ inputs, outputs }) => ({
        axes: ['R1', 'R2'].map((name) => ({ name, max: 300, unfoldings: [['t']] })),
        factors: [
          { name: 'U', indices: ['g', 't', 'R2'] },
          { name: 'C', indices: ['g', 'R2', 'R1'] },
          { name: 'V', indices: ['g', 'R1', 's'] },
        ],
        chain: [
          { factor: 'V', to: ['g', 'R1'] },
          { factor: 'C', to: ['g', 'R2'] },
          { factor: 'U', to: ['g', 't'] },
        ],
        errors: async (_, ranks) => ({
          errors: ranks.map(({ R1 = 0, R2 = 0 }) => (inputs * outputs) ** -(R1 + R2)),
          shapeOnly: false,
        }),
        fit: async () => {
          throw new Error('errors are known');
        },
      }),
    });
    const [first] = await candidatesOf(wide, 'free', {}, everything, [...builtinPasses, free]);
    const count = first?.candidates.length ?? 0;
    expect(count).toBeGreaterThan(60);
    expect(count).toBeLessThanOrEqual(128);
    const keys = new Set(first?.candidates.map(({ ranks }) => JSON.stringify(ranks)));
    expect(keys.size).toBe(count);
  });

  test('are offered with their costs, and fitted only where they are wanted', async () => {
    const asked: number[] = [];
    const counted = definePass({
      name: 'counted',
      kind: 'factorize',
      summary: 'tells which ranks were asked for',
      options: z.strictObject({}),
      match: ({ inputs, outputs, kernelShape }) => {
        const spatial = kernelShape.map((_, axis) => `k${axis + 1}`);
        return {
          axes: [{ name: 'R', max: Math.min(inputs, outputs), unfoldings: [['t']] }],
          factors: [
            { name: 'U', indices: ['g', 't', 'R'] },
            { name: 'V', indices: ['g', 'R', 's', ...spatial] },
          ],
          chain: [
            { factor: 'V', to: ['g', 'R'], spatial },
            { factor: 'U', to: ['g', 't'] },
          ],
          errors: async (_, ranks) => {
            asked.push(...ranks.map(({ R = 0 }) => R));
            return { errors: ranks.map(({ R = 0 }) => 1 / R), shapeOnly: false };
          },
          fit: async () => {
            throw new Error('errors are known');
          },
        };
      },
    });
    const stages = resolvePipeline('counted', [...builtinPasses, counted]);
    const policy = { ...everything, ranks: { classifier: [3] } };
    const offers = await offerCandidates(smallCnn(), stages, policy, environment, { block: 1 });
    expect(asked).toEqual([]);
    expect(offers.nodes.map(({ name, offers: own }) => [name, own.length > 0])).toEqual([
      ['conv1', true],
      ['conv2', true],
      ['classifier', true],
    ]);
    const { nodes } = await offers.estimate(
      ({ name }) =>
        ({ ranks }) =>
          name === 'conv2' && (ranks['R'] as number) <= 2,
    );
    const [first, second, third] = nodes;
    expect(asked).toEqual([1, 2, 3]);
    expect(first?.kept.skipped?.code).toBe('no-gain');
    expect(second?.candidates.map(({ ranks, error }) => [ranks['R'], error])).toEqual([
      [1, 1],
      [2, 0.25],
    ]);
    expect(third).toMatchObject({ chosen: true, candidates: [{ ranks: { R: 3 } }] });
  });

  test('are the one choice of a user who set the ranks', async () => {
    const policy = { ...everything, ranks: { conv2: [3, 5], classifier: [2] } };
    const [first, second, third] = await candidatesOf(smallCnn(), 'tucker-2,svd', {}, policy);
    expect(first?.chosen).toBe(false);
    expect(second).toMatchObject({ chosen: true, candidates: [{ method: 'tucker-2', ranks: { R3: 3, R4: 5 } }] });
    expect(third).toMatchObject({ chosen: true, candidates: [{ method: 'svd', ranks: { R: 2 } }] });
    const misnamed = { ...everything, ranks: { conv3: [3] } };
    await expect(candidatesOf(smallCnn(), 'svd', {}, misnamed)).rejects.toThrow('named "conv3"');
  });

  test('are none where nothing can be done, and why', async () => {
    const model = smallCnn();
    const excluded = { ...everything, allows: (name: string) => name !== 'conv1' };
    const reasons = async (pipeline: string, policy: Policy, options: Partial<CandidateOptions> = {}) =>
      (await candidatesOf(model, pipeline, options, policy)).map(({ kept }) => kept.skipped?.code);
    expect(await reasons('svd', excluded)).toEqual(['excluded', 'no-method', undefined]);
    const gain = { ...everything, requireGain: 'params-or-macs' } as const;
    expect(await reasons('channel-svd', gain, { block: 64 })).toEqual(['no-gain', 'no-gain', 'no-method']);
    const unobserved = {
      ...fakeCalibration(),
      open: async () => ({ observe: async () => ({ unobserved: 'no data' }), close: async () => {} }),
    };
    expect(await reasons('channel-svd,svd', everything, { calibration: unobserved })).toEqual(
      Array(3).fill('unobserved'),
    );
  });

  test('lose only those of a pass that breaks down', async () => {
    const broken = definePass({
      name: 'broken',
      kind: 'factorize',
      summary: 'throws',
      options: z.strictObject({}),
      match: (operator) => ({
        axes: [{ name: 'R', max: Math.min(operator.inputs, operator.outputs), unfoldings: [['t']] }],
        factors: [
          { name: 'U', indices: ['g', 't', 'R'] },
          { name: 'V', indices: ['g', 'R', 's', ...operator.kernelShape.map((_, axis) => `k${axis + 1}`)] },
        ],
        chain: [
          { factor: 'V', to: ['g', 'R'], spatial: operator.kernelShape.map((_, axis) => `k${axis + 1}`) },
          { factor: 'U', to: ['g', 't'] },
        ],
        fit: async () => {
          throw new Error('no such luck');
        },
      }),
    });
    const events: Event[] = [];
    const stages = resolvePipeline('broken,svd', [...builtinPasses, broken]);
    const heard = { ...environment, onEvent: (event: Event) => events.push(event) };
    const offers = await offerCandidates(smallCnn(), stages, everything, heard, { block: 1 });
    const { nodes: found } = await offers.estimate();
    expect(found.map(({ candidates }) => candidates.length > 0)).toEqual([false, false, true]);
    expect(found[0]?.kept.skipped?.code).toBe('pass-failed');
    expect(events.filter(({ kind }) => kind === 'warning')).toHaveLength(3);
    expect(events.filter((event) => event.kind === 'progress' && event.stage === 'plan')).toHaveLength(3);
  });

  test('look at the data of each node once, in order', async () => {
    const asked: string[] = [];
    await candidatesOf(smallCnn(), 'channel-svd,svd', {
      block: 2,
      calibration: fakeCalibration((name) => asked.push(name)),
    });
    expect(asked).toEqual(['conv1', 'conv2', 'classifier']);
  });
});
