import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { deadLeaves } from '../../src/data/dead-leaves.ts';
import { type DatasetOptions, openDataset } from '../../src/data/index.ts';
import type { Diagnostic } from '../../src/diagnostics.ts';
import { dataFolder, port, refusal } from './data-files.ts';

const folder = dataFolder();
const small = port(['N', 3, 16, 16]);

async function firstBatch(options: Partial<DatasetOptions>, batchSize = 1) {
  const dataset = await openDataset('synthetic', { ports: [small], samples: 4, preprocess: 'raw', ...options });
  for await (const { feeds } of dataset.batches(batchSize)) return feeds.input;
  throw new Error('no batch');
}

describe("openDataset('synthetic')", () => {
  test('makes 512 pictures without labels, and says that it made them', async () => {
    const dataset = await openDataset('synthetic', { ports: [small], preprocess: 'imagenet' });
    expect(dataset).toMatchObject({ size: 512, labels: undefined, synthetic: true });
    expect(dataset.preprocessText).toContain('"preset":"imagenet"');
    let count = 0;
    for await (const batch of dataset.batches(200)) count += batch.count;
    expect(count).toBe(512);
  });

  test('feeds the pictures of seed and position, whatever the batch size and the number of samples', async () => {
    const planes = deadLeaves(5, 16, 16)(0).filter((_, k) => k % 3 === 0);
    const one = await firstBatch({ seed: 5 });
    expect(one?.dims).toEqual([1, 3, 16, 16]);
    expect(Array.from(one?.data ?? [], Number).slice(0, 256)).toEqual([...planes]);
    const three = await firstBatch({ seed: 5, samples: 9 }, 3);
    expect(Array.from(three?.data ?? [], Number).slice(0, 768)).toEqual(Array.from(one?.data ?? [], Number));
  });

  test.each<[string, Partial<DatasetOptions>, number[], number[]]>([
    ['the input, for a preset', { preprocess: 'imagenet' }, [16, 16], [1, 3, 16, 16]],
    ['the input, where nothing is resized', { preprocess: { scale: 1 } }, [16, 16], [1, 3, 16, 16]],
    [
      'the resized image',
      { preprocess: { resize: [12, 20] }, ports: [port(['N', 3, 12, 20])] },
      [12, 20],
      [1, 3, 12, 20],
    ],
    ['the resized image that is cropped', { preprocess: { resize: 20, crop: 16 } }, [20, 20], [1, 3, 16, 16]],
    ['the crop', { preprocess: { crop: [16, 16] } }, [16, 16], [1, 3, 16, 16]],
    [
      'the resized image, for an input of open size',
      { preprocess: { resize: [8, 9] }, ports: [port(['N', 3, 'h', 'w'])] },
      [8, 9],
      [1, 3, 8, 9],
    ],
    ['an input with channels last', { ports: [port(['N', 6, 7, 3])], preprocess: 'tf' }, [6, 7], [1, 6, 7, 3]],
  ])('makes pictures in the size of %s', async (_, options, [height = 0, width = 0], dims) => {
    const dataset = await openDataset('synthetic', { ports: [small], samples: 2, ...options });
    for await (const { feeds } of dataset.batches(1)) expect(feeds.input?.dims).toEqual(dims);
    const sameSize = await openDataset('synthetic', {
      ports: [port(['N', 3, height, width])],
      samples: 2,
      preprocess: 'raw',
    });
    expect(await dataset.sha256()).toBe(await sameSize.sha256());
  });

  test('makes gray pictures for an input of one channel, and whole numbers for one of bytes', async () => {
    const gray = await firstBatch({ ports: [port([1, 1, 8, 8])] });
    const [r = 0, g = 0, b = 0] = deadLeaves(0, 8, 8)(0);
    expect(Number(gray?.data[0])).toBeCloseTo(0.299 * r + 0.587 * g + 0.114 * b, 4);
    const bytes = await firstBatch({ ports: [port([1, 3, 8, 8], 'uint8')] });
    expect(bytes?.data).toBeInstanceOf(Uint8Array);
  });

  test('has a sha256 that depends on seed, size and number alone', async () => {
    const hash = async (options: Partial<DatasetOptions>) =>
      (await openDataset('synthetic', { ports: [small], preprocess: 'raw', samples: 3, ...options })).sha256();
    const original = await hash({});
    expect(original).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash({ preprocess: 'tf' })).toBe(original);
    for (const other of [{ seed: 1 }, { samples: 4 }, { ports: [port(['N', 3, 16, 17])] }]) {
      expect(await hash(other)).not.toBe(original);
    }
  });
});

describe("openDataset('synthetic') refuses", () => {
  test('to guess how images are prepared, naming the presets', async () => {
    expect(await refusal(openDataset('synthetic', { ports: [small] }))).toMatchObject({
      code: 'preprocess-missing',
      exitCode: 2,
      hint: expect.stringMatching(/imagenet, tf, raw/),
    });
  });

  test.each([
    ['vectors', [port(['N', 784])]],
    ['five channels', [port(['N', 5, 8, 8])]],
    ['volumes', [port(['N', 3, 8, 8, 8])]],
    ['two inputs', [small, port(['N', 3, 8, 8], 'float32', 'other')]],
    ['an unknown shape', [port(undefined)]],
  ])('%s', async (_, ports) => {
    expect(await refusal(openDataset('synthetic', { ports, preprocess: 'raw' }))).toMatchObject({
      code: 'synthetic-unsuitable',
      exitCode: 2,
    });
  });

  test('names of arrays', async () => {
    const call = openDataset('synthetic', { ports: [small], preprocess: 'raw', inputKey: 'x' });
    expect(await refusal(call)).toMatchObject({ code: 'usage', message: expect.stringContaining('--input-key') });
  });

  test('an input whose size is open', async () => {
    const call = openDataset('synthetic', { ports: [port(['N', 3, 'h', 'w'])], preprocess: { scale: 1 } });
    expect(await refusal(call)).toMatchObject({ code: 'input-shape-mismatch', exitCode: 2 });
  });

  test.each([0, -3, 1.5, Number.NaN])('%d samples', async (samples) => {
    const call = openDataset('synthetic', { ports: [small], preprocess: 'raw', samples });
    expect(await refusal(call)).toMatchObject({ code: 'usage', exitCode: 2 });
  });
});

describe('a folder named synthetic', () => {
  const home = process.cwd();
  afterEach(() => process.chdir(home));

  test('is reached as ./synthetic, and the plain name warns of it', async () => {
    mkdirSync(path.join(folder.root, 'synthetic'), { recursive: true });
    await folder.picture('synthetic/a.png', [9, 9, 9], 16, 16);
    process.chdir(folder.root);
    const seen: Diagnostic[] = [];
    const options = { ports: [small], preprocess: 'raw', onWarning: (warning: Diagnostic) => void seen.push(warning) };
    expect(await openDataset('./synthetic', options)).toMatchObject({ size: 1, synthetic: false });
    expect(seen).toEqual([]);
    expect(await openDataset('synthetic', options)).toMatchObject({ size: 512, synthetic: true });
    expect(seen).toMatchObject([{ code: 'synthetic-name', hint: expect.stringContaining('./synthetic') }]);
  });
});
