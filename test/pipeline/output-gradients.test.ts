import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeModel } from '../../src/onnx/index.ts';
import { settingOf } from '../../src/pipeline/decide.ts';
import { type EngineOptions, observe } from '../../src/pipeline/index.ts';
import { outputGradientsOf } from '../../src/pipeline/output-gradients.ts';
import { decideOnce } from '../../src/pipeline/remembered.ts';
import { type Run, withRun } from '../../src/pipeline/run.ts';
import { npyBytes } from '../data/data-files.ts';
import { arrayDataset, randomSamples } from '../observe/array-dataset.ts';
import { everyOperatorDims as dims, everyOperator } from '../support/every-operator.ts';
import { alteredSafetensors } from '../support/safetensors.ts';

let folder = '';
let data = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'output-gradients-test-'));
  data = join(folder, 'images.npy');
  await writeFile(data, npyBytes(randomSamples(96, dims), [96, ...dims]));
});
afterAll(() => rm(folder, { recursive: true }));

const model = writeModel(everyOperator());
const samples = (count: number) => arrayDataset('x', randomSamples(count, dims), dims);

/** A run whose processes for gradients end as some do where memory is short. */
function withoutMemory(run: Run): Run {
  const ownRuntime = async () => {
    throw new RangeError('Array buffer allocation failed');
  };
  return { ...run, resources: { ...run.resources, ownRuntime } };
}

describe('gradients of the outputs', () => {
  test('are known of every linear operator before an output', () =>
    withRun(model, {}, async (run) => {
      const found = await outputGradientsOf(run, run.model, samples(64));
      // Of the seven the last one gives the output itself.
      expect(found.size).toBe(6);
      expect(run.warnings).toEqual([]);
    }));

  test('are a warning where they cannot be had, and nothing else', () =>
    withRun(model, {}, async (run) => {
      expect((await outputGradientsOf(withoutMemory(run), run.model, samples(64))).size).toBe(0);
      expect(run.warnings).toMatchObject([
        { code: 'no-gradients', message: expect.stringMatching(/allocation failed/) },
      ]);
    }));

  test('are not asked for where a second batch is missing', () =>
    withRun(model, {}, async (run) => {
      expect((await outputGradientsOf(withoutMemory(run), run.model, samples(1))).size).toBe(0);
      expect(run.warnings).toEqual([]);
    }));

  test('are in what a cache keeps: without them nothing is kept', async () => {
    const cache = join(folder, 'cache');
    const options: EngineOptions = { calibrate: data, samples: 48, targets: ['macs=0.5x'], bench: false, cache };
    const decided = (change: (run: Run) => Run) =>
      withRun(model, options, async (run) => {
        const changed = change(run);
        await decideOnce(changed, await settingOf(changed));
        return existsSync(cache) ? (await readdir(cache)).length : 0;
      });
    expect(await decided(withoutMemory)).toBe(0);
    expect(await decided((run) => run)).toBeGreaterThan(0);
  });

  test('that are no Gram matrix make a file of statistics unusable', async () => {
    const file = join(folder, 'statistics.safetensors');
    await (await observe(model, { calibrate: data, samples: 64, bench: false })).writeTo(file);
    const options: EngineOptions = { statistics: file, targets: ['macs=0.5x'], bench: false };
    const decided = () => withRun(model, options, async (run) => decideOnce(run, await settingOf(run)));
    await decided();
    const large = (values: Float64Array | Float32Array) => values.map((value, i) => (i === 1 ? 1e3 : value));
    const altered = alteredSafetensors([await readFile(file)], {}, (name, values) =>
      name === 'conv/gradients_upper' ? large(values) : values,
    );
    await writeFile(file, Buffer.concat([...altered]));
    await expect(decided()).rejects.toMatchObject({ diagnostic: { code: 'invalid-statistics', exitCode: 2 } });
  });
});
