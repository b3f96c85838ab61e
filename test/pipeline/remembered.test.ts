import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Event } from '../../src/events.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { compress, type EngineOptions, plan } from '../../src/pipeline/index.ts';
import { questionOf } from '../../src/pipeline/question.ts';
import { withRun } from '../../src/pipeline/run.ts';
import type { Device } from '../../src/runtime/index.ts';
import { npyBytes } from '../data/data-files.ts';
import { randomSamples } from '../observe/array-dataset.ts';
import { everyOperatorDims as dims, everyOperator } from '../support/every-operator.ts';

let folder = '';
let data = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'remembered-test-'));
  data = join(folder, 'images.npy');
  await writeFile(data, npyBytes(randomSamples(96, dims), [96, ...dims]));
});
afterAll(() => rm(folder, { recursive: true }));

const model = writeModel(everyOperator());

/** A run, and whether it fitted anything. */
async function run(options: EngineOptions) {
  const events: Event[] = [];
  const { report, bytes } = await compress(model, {
    bench: false,
    samples: 48,
    calibrate: data,
    targets: ['macs=0.5x'],
    ...options,
    onEvent: (event) => events.push(event),
  });
  const fitted = events.some((event) => event.kind === 'stage' && event.stage === 'factorize');
  return { report, bytes: bytes(), fitted };
}

describe('a cache', () => {
  test('answers the same question with the same plan, findings and bytes, and fits nothing', async () => {
    const cache = join(folder, 'same');
    const [first, second] = [await run({ cache }), await run({ cache })];
    expect([first.fitted, second.fitted]).toEqual([true, false]);
    expect([first.report.run.cached, second.report.run.cached]).toEqual([false, true]);
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
    const { run: _first, ...found } = first.report;
    const { run: _second, ...again } = second.report;
    expect(again).toEqual(found);
  });

  test('gives a plan to the run that carries it out', async () => {
    const cache = join(folder, 'plan');
    const options = { bench: false, samples: 48, calibrate: data, targets: ['macs=0.5x'], cache };
    const planned = await plan(model, options);
    const { report } = await compress(model, options);
    expect(report.reproduce.plan).toEqual(planned);
    expect(report.run.cached).toBe(false);
    expect(await plan(model, options)).toEqual(planned);
  });

  test.each<[string, EngineOptions]>([
    ['goal', { targets: ['macs=0.6x'] }],
    ['seed', { seed: 1 }],
    ['number of samples', { samples: 40 }],
    ['effort', { effort: 'fast' }],
    ['choice of nodes', { exclude: ['conv'] }],
    ['gain to be had', { requireGain: 'none' }],
    ['check', { check: 'contraction' }],
  ])('is not asked where the question has another %s', async (_, other) => {
    const cache = join(folder, 'others');
    await run({ cache });
    expect((await run({ cache, ...other })).report.run.cached).toBe(false);
  });

  test('is not asked where time is measured on another device', () =>
    withRun(model, {}, async (given) => {
      const on = (device?: Device) => questionOf({ ...given, options: { ...(device && { device }) } }, 'svd');
      expect(on('cuda')).not.toEqual(on());
      expect(on('cpu')).toEqual(on());
    }));

  test('is not asked where the data are others under the same name', async () => {
    const cache = join(folder, 'data');
    const file = join(folder, 'changing.npy');
    await writeFile(file, npyBytes(randomSamples(96, dims), [96, ...dims]));
    await run({ cache, calibrate: file });
    const bytes = await readFile(file);
    bytes[bytes.length - 2] = (bytes[bytes.length - 2] as number) ^ 1;
    await writeFile(file, bytes);
    expect((await run({ cache, calibrate: file })).report.run.cached).toBe(false);
  });

  test('that was damaged is not believed', async () => {
    const cache = join(folder, 'damaged');
    const first = await run({ cache });
    for (const name of await readdir(cache)) {
      const bytes = await readFile(join(cache, name));
      bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
      await writeFile(join(cache, name), bytes);
    }
    const second = await run({ cache });
    expect(second.fitted).toBe(true);
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
  });
});
