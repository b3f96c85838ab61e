import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeModel } from '../../src/onnx/index.ts';
import { apply, compress, type EngineOptions, plan } from '../../src/pipeline/index.ts';
import { lossWarnings, pointsLost } from '../../src/pipeline/judge-loss.ts';
import { npyBytes } from '../data/data-files.ts';
import { randomSamples } from '../observe/array-dataset.ts';
import { everyOperatorDims as dims, everyOperator } from '../support/every-operator.ts';

let folder = '';
let data = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goal-test-'));
  data = join(folder, 'images.npy');
  await writeFile(data, npyBytes(randomSamples(128, dims), [128, ...dims]));
});
afterAll(() => rm(folder, { recursive: true }));

const model = writeModel(everyOperator());
const base: EngineOptions = { bench: false, samples: 64 };

describe('a run with a goal', () => {
  test('meets targets of MACs, parameters and size at once, on data and without', async () => {
    for (const calibration of [{}, { calibrate: data }]) {
      const { report, bytes } = await compress(model, {
        ...base,
        ...calibration,
        targets: ['macs=0.5x', 'params=0.6x', 'size=15KB'],
      });
      expect(report.targets.map(({ kind, met }) => [kind, met])).toEqual([
        ['macs', true],
        ['params', true],
        ['size', true],
      ]);
      expect(report.output.macs).toBeLessThanOrEqual(0.5 * (report.input.macs ?? 0));
      expect(bytes().byteLength).toBeLessThanOrEqual(15_000);
      expect(report.verification.exact?.ok).toBe(true);
    }
  });

  test('makes the same of a model on one thread and on three', async () => {
    const run = (threads: number) => compress(model, { ...base, threads, calibrate: data, targets: ['macs=0.5x'] });
    const [one, three] = [await run(1), await run(3)];
    expect(Buffer.compare(one.bytes(), three.bytes())).toBe(0);
    expect(three.plan).toEqual(one.plan);
  });

  test('loses less than the same share of every node', async () => {
    const even = await compress(model, {
      ...base,
      requireGain: 'none',
      calibrate: data,
      pipeline: 'ratio-ranks{macs=0.5,ends=fit},cp-split,svd',
    });
    const share = (even.report.output.macs ?? 0) / (even.report.input.macs ?? 1);
    const { report } = await compress(model, { ...base, calibrate: data, targets: [`macs=${share.toFixed(4)}x`] });
    expect(report.verification.approximate?.outputError).toBeLessThan(
      even.report.verification.approximate?.outputError ?? 0,
    );
  });

  test('keeps within a loss on samples that no fit has seen, and saves what it may', async () => {
    const run = (maxError: number) => compress(model, { ...base, calibrate: data, maxError });
    const [strict, loose] = [await run(0.02), await run(0.2)];
    for (const { report } of [strict, loose]) expect(report.targets).toMatchObject([{ kind: 'max-error', met: true }]);
    expect(strict.report.verification.approximate?.outputError).toBeLessThanOrEqual(0.02);
    expect(loose.report.output.macs ?? 0).toBeLessThan(strict.report.output.macs ?? 0);
  });

  test('writes a plan that tells the next best of each node, and that gives the same bytes when applied', async () => {
    const options = { ...base, calibrate: data, targets: ['macs=0.5x'] };
    const made = await plan(model, options);
    expect(made.goal).toEqual(['macs=0.5x']);
    const { report } = await compress(model, { ...options, maxError: 0.9 });
    expect(report.reproduce.command).toContain(
      "share-initializers' --seed 0 --target macs=0.5x --max-error 0.9 --calibrate",
    );
    for (const { candidates, method, ranks, skipped } of made.nodes) {
      if (skipped && skipped.code !== 'budget') continue;
      expect(candidates.length).toBeGreaterThan(1);
      expect(candidates[0]).toMatchObject({ method, ranks });
    }
    const [run, applied] = [await compress(model, options), await apply(model, made, { ...base, calibrate: data })];
    expect(Buffer.compare(run.bytes(), applied.bytes())).toBe(0);
  });

  test('says what it reached where the target cannot be', async () => {
    const { report } = await compress(model, { ...base, targets: ['macs=0.001x'] });
    expect(report.targets).toMatchObject([{ kind: 'macs', wanted: '0.001x', met: false }]);
    expect(Number.parseFloat(report.targets[0]?.reached ?? '')).toBeGreaterThan(0.001);
  });

  test.each([
    ['a rank pass', { targets: ['macs=0.5x'], pipeline: 'ratio-ranks{macs=0.5},svd' }, /both choose ranks/],
    ['no labels', { maxDrop: 1 }, /--max-drop needs labels/],
  ] as const)('refuses %s', async (_, options, message) => {
    await expect(compress(model, { ...base, calibrate: data, ...options })).rejects.toThrow(message);
  });

  test('refuses a loss that nothing can judge', async () => {
    await expect(compress(model, { ...base, maxError: 0.1 })).rejects.toThrow(/no samples to judge losses by/);
  });
});

test('a promise that its samples are too few to vouch for is warned of', () => {
  const loss = { kind: 'drop', most: 1 } as const;
  const warned = (ci95: readonly [number, number] | null) =>
    lossWarnings([{ loss, reached: 0.5, ci95, met: true }]).map(({ code }) => code);
  expect(warned([-0.2, 1.2])).toEqual(['uncertain-loss']);
  expect(warned([0.1, 0.9])).toEqual([]);
  expect(warned(null)).toEqual([]);
});

test('what is lost is the larger of right answers and of certainty, and never less than nothing', () => {
  const certainty = { before: 0.9, after: 0.88 };
  expect(pointsLost({ difference: -0.5, certainty })).toBeCloseTo(2, 12);
  expect(pointsLost({ difference: -3, certainty })).toBe(3);
  expect(pointsLost({ difference: -0.5, certainty: null })).toBe(0.5);
  expect(pointsLost({ difference: 1, certainty: { before: 0.9, after: 0.95 } })).toBe(0);
});
