import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Dataset, openDataset } from '../../src/data/index.ts';
import type { Diagnostic } from '../../src/diagnostics.ts';
import { dataFolder, port, refusal } from './data-files.ts';

const folder = dataFolder();
const image = port(['N', 3, 4, 5]);

async function collect(dataset: Dataset, batchSize: number, name = 'input') {
  const batches = [];
  for await (const { feeds, labels, count } of dataset.batches(batchSize)) {
    const tensor = feeds[name];
    batches.push({
      dims: tensor?.dims,
      data: Array.from(tensor?.data ?? [], Number),
      labels: labels && [...labels],
      count,
    });
  }
  return batches;
}

const flat = async (dataset: Dataset, batchSize: number) =>
  (await collect(dataset, batchSize)).flatMap(({ data }) => data);

describe('openDataset on a folder of images', () => {
  const pictures = path.join(folder.root, 'classes');
  async function writePictures() {
    await folder.picture('classes/cat/2.png', [0, 0, 51]);
    await folder.picture('classes/cat/1.png', [0, 51, 0]);
    await folder.picture('classes/ant/deep/below/3.PNG', [51, 0, 0]);
    folder.write('classes/notes.txt', 'not an image');
    folder.write('classes/.hidden/broken.png', 'not an image');
  }

  test('labels class folders in sorted order and reads files in sorted order', async () => {
    await writePictures();
    const dataset = await openDataset(pictures, { ports: [image], preprocess: { scale: 1 / 51, layout: 'NCHW' } });
    const plane = (on: number) => Array<number>(20).fill(on);
    expect([...(dataset.labels ?? [])]).toEqual([0, 1, 1]);
    const [first, second] = await collect(dataset, 2);
    const close = (values: readonly number[] = []) => values.map((value) => Math.round(value * 1e6) / 1e6);
    expect(close(first?.data)).toEqual([...plane(1), ...plane(0), ...plane(0), ...plane(0), ...plane(1), ...plane(0)]);
    expect(close(second?.data)).toEqual([...plane(0), ...plane(0), ...plane(1)]);
    expect(second).toMatchObject({ dims: [1, 3, 4, 5], labels: [1], count: 1 });
  });

  test('takes a glob, with the folders below its fixed part as classes', async () => {
    await writePictures();
    const dataset = await openDataset(path.join(pictures, '*', '*.png'), { ports: [image], preprocess: 'raw' });
    expect([...(dataset.labels ?? [])]).toEqual([0, 0]);
  });

  test('has no labels where images lie outside class folders', async () => {
    await folder.picture('plain/a.png', [1, 2, 3]);
    await folder.picture('plain/sub/b.png', [1, 2, 3]);
    const dataset = await openDataset(path.join(folder.root, 'plain'), { ports: [image], preprocess: 'raw' });
    expect(dataset.labels).toBeUndefined();
    expect(dataset.size).toBe(2);
  });

  test('warns where folders named as numbers sort otherwise', async () => {
    for (const name of ['0', '1', '10', '2']) await folder.picture(`numbers/${name}/a.png`, [1, 2, 3]);
    const warnings: Diagnostic[] = [];
    await openDataset(path.join(folder.root, 'numbers'), {
      ports: [image],
      preprocess: 'raw',
      onWarning: (warning) => warnings.push(warning),
    });
    expect(warnings).toMatchObject([
      { code: 'class-order', message: expect.stringContaining('folder "10" is label 2') },
    ]);
  });

  test('names the image that cannot be read, also when it comes late', async () => {
    for (let k = 10; k < 30; k++) await folder.picture(`broken/a/${k}.png`, [1, 2, 3]);
    const bad = folder.write(
      'broken/a/25.png',
      readFileSync(path.join(folder.root, 'broken/a/10.png')).subarray(0, 60),
    );
    const dataset = await openDataset(path.join(folder.root, 'broken'), { ports: [image], preprocess: 'raw' });
    const { code, exitCode, where } = await refusal(collect(dataset, 4));
    expect({ code, exitCode, file: where?.file }).toEqual({ code: 'unreadable-data', exitCode: 7, file: bad });
  });

  test('names the image whose size differs from the others', async () => {
    await folder.picture('sizes/a.png', [1, 2, 3], 4, 5);
    const odd = await folder.picture('sizes/b.png', [1, 2, 3], 6, 5);
    const open = port(['N', 3, 'h', 'w']);
    const dataset = await openDataset(path.join(folder.root, 'sizes'), {
      ports: [open],
      preprocess: { layout: 'NCHW' },
    });
    expect(await refusal(collect(dataset, 2))).toMatchObject({
      code: 'input-shape-mismatch',
      exitCode: 2,
      where: { file: odd },
    });
  });
});

describe('openDataset on arrays', () => {
  const values = Float32Array.from({ length: 7 * 6 }, (_, k) => k / 42);

  test('feeds values that have the shape of the input as they are, in any batch size', async () => {
    const file = folder.npy('values.npy', values, [7, 2, 3]);
    const dataset = await openDataset(file, { ports: [port(['N', 2, 3])] });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), async (batchSize) => {
        const batches = await collect(dataset, batchSize);
        expect(batches.map(({ count }) => count).reduce((a, b) => a + b)).toBe(7);
        expect(batches.every(({ dims, count }) => dims?.[0] === count && count <= batchSize)).toBe(true);
        expect(batches.flatMap(({ data }) => data)).toEqual([...values]);
      }),
    );
  });

  test('keeps to the batch size of the model and repeats the last sample to fill it', async () => {
    const file = folder.npz('fixed.npz', { x: [values, [7, 6]], y: [Int32Array.from([0, 1, 2, 3, 4, 5, 6]), [7]] });
    const dataset = await openDataset(file, { ports: [port([4, 6])] });
    const [first, second] = await collect(dataset, 100);
    expect(first).toMatchObject({ dims: [4, 6], count: 4, labels: [0, 1, 2, 3] });
    expect(second).toMatchObject({ dims: [4, 6], count: 3, labels: [4, 5, 6] });
    expect(second?.data.slice(18)).toEqual(second?.data.slice(12, 18));
  });

  test('adds labelOffset to the labels', async () => {
    const file = folder.npz('offset.npz', {
      x: [values, [7, 6]],
      y: [new BigInt64Array([0n, 1n, 2n, 3n, 4n, 5n, 6n]), [7, 1]],
    });
    const dataset = await openDataset(file, { ports: [port(['N', 6])], preprocess: { labelOffset: 1 } });
    expect([...(dataset.labels ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('draws a sample of the data that the seed decides, with its labels', async () => {
    const x = Float32Array.from({ length: 100 }, (_, k) => k / 100);
    const file = folder.npz('hundred.npz', {
      x: [x, [100, 1]],
      y: [Uint8Array.from({ length: 100 }, (_, k) => k), [100]],
    });
    const draw = async (seed: number) => {
      const dataset = await openDataset(file, { ports: [port(['N', 1])], samples: 20, seed });
      const seen = (await flat(dataset, 8)).map((value) => Math.round(value * 100));
      expect(seen).toEqual([...(dataset.labels ?? [])]);
      expect(new Set(seen).size).toBe(20);
      return seen;
    };
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });

  test('gives some of its samples, from all over, with their labels', async () => {
    const file = folder.npz('sorted.npz', {
      x: [Float32Array.from({ length: 100 }, (_, k) => k / 100), [100, 1]],
      y: [Uint8Array.from({ length: 100 }, (_, k) => k), [100]],
    });
    const dataset = await openDataset(file, { ports: [port(['N', 1])], samples: 40, seed: 3 });
    const some = dataset.some(4);
    const [all, few] = [await flat(dataset, 8), await flat(some, 3)];
    expect([some.size, few.length]).toEqual([4, 4]);
    expect(few).toEqual([all[5], all[15], all[25], all[35]]);
    expect([...(some.labels ?? [])]).toEqual(few.map((value) => Math.round(value * 100)));
    expect(await flat(dataset.some(41), 8)).toEqual(all);
  });

  test('reads several inputs in lockstep from arrays named like them', async () => {
    const ids = BigInt64Array.from({ length: 7 }, (_, k) => 2n ** 60n + BigInt(k));
    const file = folder.npz('two.npz', { values: [values, [7, 6]], ids: [ids, [7, 1]] });
    const ports = [port(['N', 6], 'float32', 'values'), port(['N', 1], 'int64', 'ids')];
    const dataset = await openDataset(file, { ports });
    const seen: bigint[] = [];
    for await (const { feeds } of dataset.batches(3)) seen.push(...((feeds.ids?.data ?? []) as BigInt64Array));
    expect(seen).toEqual([...ids]);
  });

  test.each([
    ['float64', [0.25, 1, 2.5, 200, -3, 0]],
    ['float16', [0.25, 1, 2.5, 200, -3, 0]],
    ['bfloat16', [0.25, 1, 2.5, 200, -3, 0]],
    ['uint8', [0, 1, 3, 200, 0, 0]],
    ['int8', [0, 1, 3, 127, -3, 0]],
    ['int64', [0, 1, 3, 200, -3, 0]],
    ['bool', [0, 1, 1, 1, 0, 0]],
  ] as const)('rounds and clamps to an input of type %s', async (dtype, expected) => {
    const file = folder.npy('types.npy', new Float32Array([0.25, 1, 2.5, 200, -3, 0]), [1, 6]);
    const dataset = await openDataset(file, { ports: [port(['N', 6], dtype)] });
    const [batch] = await collect(dataset, 1);
    const half = {
      float16: [0x3400, 0x3c00, 0x4100, 0x5a40, 0xc200, 0],
      bfloat16: [0x3e80, 0x3f80, 0x4020, 0x4348, 0xc040, 0],
    };
    expect(batch?.data).toEqual(dtype === 'float16' || dtype === 'bfloat16' ? half[dtype] : expected);
  });

  test('reads bare elements in the type and shape of the input, several files as one', async () => {
    folder.write('raw/a.bin', new Uint8Array(values.slice(0, 12).buffer));
    folder.write('raw/b.bin', new Uint8Array(values.slice(12).buffer));
    const dataset = await openDataset(path.join(folder.root, 'raw'), { ports: [port(['N', 6])] });
    expect(dataset.size).toBe(7);
    expect(await flat(dataset, 3)).toEqual([...values]);
  });

  test('gives a flat input the values of images, and images to an input the shape of flat values', async () => {
    const square = folder.npy('square.npy', values.slice(0, 36), [4, 3, 3]);
    expect(await flat(await openDataset(square, { ports: [port(['N', 9])] }), 4)).toEqual([...values.slice(0, 36)]);
    const line = folder.npy('line.npy', values.slice(0, 36), [4, 9]);
    const dataset = await openDataset(line, { ports: [port(['N', 1, 3, 3])] });
    expect((await collect(dataset, 4))[0]?.dims).toEqual([4, 1, 3, 3]);
  });
});

describe('openDataset refuses', () => {
  const seven = new Float32Array(7);
  function mixed() {
    folder.npy('mix/a.npy', seven, [7, 1]);
    return path.dirname(folder.write('mix/b.bin', 'abcd'));
  }
  const table: [string, () => string, object, object][] = [
    ['a missing file', () => path.join(folder.root, 'missing.npz'), {}, { code: 'unreadable-data', exitCode: 7 }],
    ['a glob without files', () => path.join(folder.root, 'no-*.png'), {}, { code: 'no-data-found', exitCode: 2 }],
    [
      'a folder without images',
      () => path.dirname(folder.write('empty/readme.txt', '')),
      {},
      { code: 'no-data-found', exitCode: 2 },
    ],
    ['files of different kinds', mixed, {}, { code: 'mixed-data', exitCode: 2 }],
    [
      'an unknown kind of file',
      () => folder.write('data.csv', '1,2'),
      {},
      { code: 'no-data-found', hint: expect.stringContaining('.npz') },
    ],
    [
      'an archive without images',
      () => folder.npz('a.npz', { images: [seven, [7, 1]] }),
      { inputKey: 'image' },
      { code: 'missing-array', hint: expect.stringContaining('Did you mean "images"') },
    ],
    [
      'a label key that is not there',
      () => folder.npz('b.npz', { x: [seven, [7, 1]] }),
      { labelKey: 'y' },
      { code: 'missing-array', exitCode: 2 },
    ],
    [
      'labels of another number',
      () => folder.npz('c.npz', { x: [seven, [7, 1]], y: [new Uint8Array(6), [6]] }),
      {},
      { code: 'label-count-mismatch', message: '6 labels for 7 samples' },
    ],
    [
      'one-hot labels',
      () => folder.npz('d.npz', { x: [seven, [7, 1]], y: [new Uint8Array(14), [7, 2]] }),
      {},
      { code: 'invalid-labels' },
    ],
    [
      'labels that are no whole numbers',
      () => folder.npz('e.npz', { x: [seven, [7, 1]], y: [seven.map(() => 0.5), [7]] }),
      {},
      { code: 'invalid-labels', message: expect.stringContaining('0.5') },
    ],
    [
      'samples of another shape',
      () => folder.npy('f.npy', seven.slice(0, 6), [2, 3]),
      {},
      { code: 'input-shape-mismatch', message: 'a sample of shape [3] does not fit input "input" float32[N, 1]' },
    ],
    ['no samples', () => folder.npy('g.npy', new Float32Array(0), [0, 1]), {}, { code: 'no-data-found' }],
    ['a scalar', () => folder.npy('h.npy', seven.slice(0, 1), []), {}, { code: 'unsupported-array' }],
    [
      'bare elements that are no whole sample',
      () => folder.write('i.bin', 'abcde'),
      {},
      { code: 'input-shape-mismatch', message: expect.stringContaining('5 bytes') },
    ],
    [
      'a key for what is no archive',
      () => folder.npy('j.npy', seven, [7, 1]),
      { inputKey: 'x' },
      { code: 'usage', exitCode: 2 },
    ],
    [
      'images for an input that takes none',
      () => folder.npy('k.npy', seven, [7, 1]),
      { preprocess: 'imagenet' },
      { code: 'invalid-preprocess' },
    ],
  ];
  test.each(table)('%s', async (_, file, options, expected) => {
    expect(await refusal(openDataset(file(), { ports: [port(['N', 1])], ...options }))).toMatchObject(expected);
  });

  test.each([0, -1, 2.5, Number.NaN])('%d samples', async (samples) => {
    const file = folder.npy('few.npy', seven, [7, 1]);
    expect(await refusal(openDataset(file, { ports: [port(['N', 1])], samples }))).toMatchObject({ code: 'usage' });
  });

  test('images whose channels come first, and says how to turn them', async () => {
    const file = folder.npy('nchw.npy', new Uint8Array(2 * 3 * 4 * 5), [2, 3, 4, 5]);
    const call = openDataset(file, { ports: [port(['N', 3, 8, 8])], preprocess: 'raw' });
    expect(await refusal(call)).toMatchObject({
      code: 'input-shape-mismatch',
      hint: expect.stringContaining('numpy.transpose'),
    });
  });

  test('images of another size, unless told to resize them', async () => {
    const file = folder.npy('other-size.npy', new Uint8Array(2 * 4 * 5 * 3), [2, 4, 5, 3]);
    const ports = [port(['N', 3, 8, 8])];
    expect(await refusal(openDataset(file, { ports }))).toMatchObject({
      code: 'input-shape-mismatch',
      message: expect.stringContaining('[4, 5, 3], preprocessed to [3, 4, 5]'),
      hint: expect.stringContaining('"resize"'),
    });
    expect((await collect(await openDataset(file, { ports, preprocess: 'raw' }), 2))[0]?.dims).toEqual([2, 3, 8, 8]);
  });

  test('a preset for an input whose size is open', async () => {
    const file = folder.npy('open-size.npy', new Uint8Array(2 * 4 * 5 * 3), [2, 4, 5, 3]);
    const call = openDataset(file, { ports: [port(['N', 3, 'h', 'w'])], preprocess: 'imagenet' });
    expect(await refusal(call)).toMatchObject({
      code: 'invalid-preprocess',
      message: expect.stringContaining('leaves it open'),
    });
  });

  test('one array for a model of several inputs', async () => {
    const file = folder.npy('single.npy', new Float32Array(7), [7, 1]);
    const ports = [port(['N', 1], 'float32', 'a'), port(['N', 1], 'float32', 'b')];
    expect(await refusal(openDataset(file, { ports }))).toMatchObject({ message: expect.stringContaining('(a, b)') });
  });

  test('inputs with different numbers of samples', async () => {
    const file = folder.npz('uneven.npz', { a: [new Float32Array(7), [7, 1]], b: [new Float32Array(6), [6, 1]] });
    const ports = [port(['N', 1], 'float32', 'a'), port(['N', 1], 'float32', 'b')];
    expect(await refusal(openDataset(file, { ports }))).toMatchObject({
      code: 'sample-count-mismatch',
      message: expect.stringContaining('a 7, b 6'),
    });
  });
});

describe('openDataset warns', () => {
  async function warnings(pixels: Uint8Array, preprocess?: string | object) {
    const file = folder.npy('pixels.npy', pixels, [1, 4, 5, 3]);
    const seen: Diagnostic[] = [];
    await openDataset(file, {
      ports: [image],
      ...(preprocess && { preprocess }),
      onWarning: (warning) => seen.push(warning),
    });
    return seen;
  }
  const pixels = Uint8Array.from({ length: 60 }, (_, k) => k * 4);

  test('of pixels that were not normalised, with the values seen', async () => {
    const [warning] = await warnings(pixels);
    expect(warning).toMatchObject({
      code: 'unnormalised-input',
      message: expect.stringContaining('values from 0 to 236'),
    });
  });

  test('of values that were scaled twice', async () => {
    expect(await warnings(pixels, { scale: 1 / 255 / 255 })).toMatchObject([
      { hint: expect.stringContaining('scaled before') },
    ]);
  });

  test('of values that are not finite', async () => {
    const file = folder.npy('nan.npy', new Float32Array([0, Number.NaN]), [2, 1]);
    const seen: Diagnostic[] = [];
    await openDataset(file, { ports: [port(['N', 1])], onWarning: (warning) => seen.push(warning) });
    expect(seen).toMatchObject([{ code: 'non-finite-input' }]);
  });

  test('not where pixels are normalised, or asked for raw', async () => {
    expect(await warnings(pixels, 'imagenet')).toEqual([]);
    expect(await warnings(pixels, 'raw')).toEqual([]);
  });
});

describe('sha256 of a dataset', () => {
  test('is that of its one file', async () => {
    const file = folder.npy('hash.npy', new Float32Array([1, 2, 3]), [3, 1]);
    const dataset = await openDataset(file, { ports: [port(['N', 1])] });
    expect(await dataset.sha256()).toBe(createHash('sha256').update(readFileSync(file)).digest('hex'));
  });

  test('changes with a name, which may be a label, and not with the place of the folder', async () => {
    const hash = async (...names: string[]) => {
      for (const name of names) await folder.picture(name, [9, 9, 9]);
      const root = path.join(folder.root, names[0]?.split('/')[0] ?? '');
      return (await openDataset(root, { ports: [image], preprocess: 'raw' })).sha256();
    };
    const original = await hash('one/a/1.png', 'one/b/2.png');
    expect(await hash('two/a/1.png', 'two/b/2.png')).toBe(original);
    expect(await hash('three/a/1.png', 'three/c/2.png')).not.toBe(original);
  });
});
