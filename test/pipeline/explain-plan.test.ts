import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeModel } from '../../src/onnx/index.ts';
import { type EngineOptions, explain, explainPlan, plan } from '../../src/pipeline/index.ts';
import type { Plan, PlanNode } from '../../src/rewrite/index.ts';
import { npyBytes } from '../data/data-files.ts';
import { randomSamples } from '../observe/array-dataset.ts';
import { everyOperatorDims as dims, everyOperator } from '../support/every-operator.ts';
import { smallCnn } from '../support/small-models.ts';

let folder = '';
let made: Plan;
let options: EngineOptions;

const model = writeModel(everyOperator());

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'explain-test-'));
  const calibrate = join(folder, 'images.npy');
  await writeFile(calibrate, npyBytes(randomSamples(64, dims), [64, ...dims]));
  options = { bench: false, samples: 64, calibrate, targets: ['macs=0.5x'], exclude: ['grouped'] };
  made = await plan(model, options);
});
afterAll(() => rm(folder, { recursive: true }));

const withNode = (name: string, change: Partial<PlanNode>): Plan => ({
  ...made,
  nodes: made.nodes.map((node) => (node.name === name ? { ...node, ...change } : node)),
});

describe('an explanation by a plan under a goal', () => {
  test('tells what was chosen and the next best as they stand in the plan, each with a reason', async () => {
    for (const { name, candidates } of made.nodes) {
      const found = await explainPlan(model, name, made);
      expect(found).toMatchObject({ goal: ['macs=0.5x'], errorOf: 'outputs', node: { name } });
      expect([found.chosen, ...found.others.map(({ whyNot: _, ...way }) => way)]).toEqual(
        candidates.length > 0 ? candidates : [null],
      );
      for (const { whyNot } of found.others) expect(whyNot).toMatch(/error/);
    }
  });

  test('is the same when the plan is made for it', async () => {
    expect(await explain(model, 'conv', options)).toEqual(await explainPlan(model, 'conv', made));
  });

  test('gives the reason of a node that had no choice, and how to give it one', async () => {
    expect(await explainPlan(model, 'grouped', made)).toMatchObject({
      chosen: null,
      others: [],
      decision: expect.stringContaining('kept (excluded)'),
      advice: [expect.stringContaining('--exclude')],
    });
  });

  test('tells an edit from what the goal chose', async () => {
    const { decision } = await explainPlan(model, 'conv', withNode('conv', { method: 'svd', ranks: { R: 2 } }));
    expect(decision).toMatch(/^rewritten by svd with R=2, .*; the goal had chosen /);
    const skipped = { code: 'slower', text: 'it would take 2 ms, and takes 1 ms' };
    const back = await explainPlan(model, 'conv', withNode('conv', { method: null, ranks: null, skipped }));
    expect(back.decision).toMatch(/^kept \(slower\): it would take 2 ms, and takes 1 ms/);
  });

  test('says of a node that the plan does not name that it is kept', async () => {
    const without = { ...made, nodes: made.nodes.filter(({ name }) => name !== 'conv') };
    const { decision } = await explainPlan(model, 'conv', without);
    expect(decision).toContain('the plan does not name it');
  });

  test('knows no next best by a plan that was made without a goal', async () => {
    const plain = await plan(model, { pipeline: 'ratio-ranks{macs=0.5,ends=fit},tucker-2,svd', bench: false });
    expect(await explainPlan(model, 'conv', plain)).toMatchObject({
      goal: [],
      chosen: null,
      others: [],
      decision: expect.stringContaining('chosen by ratio-ranks'),
    });
  });

  test.each([
    [
      'a node that the model does not have',
      () => explainPlan(model, 'konv', made),
      /named "konv".*Did you mean "conv"/,
    ],
    ['the same when it plans itself', () => explain(model, 'konv', options), /named "konv"/],
    [
      'a plan for another model',
      () => explainPlan(writeModel(smallCnn()), 'conv1', made),
      /made for another model.*\[plan-mismatch\]/,
    ],
    [
      'something that is no plan',
      () => explainPlan(model, 'conv', { ...made, nodes: [{ name: 'conv' }] } as unknown as Plan),
      /no plan.*\[plan-mismatch\]/,
    ],
  ])('refuses %s', async (_, explained, message) => {
    await expect(explained()).rejects.toThrow(message);
  });
});
