import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openDataset } from '../../src/data/index.ts';
import type { Diagnostic } from '../../src/diagnostics.ts';
import { dataFolder, port, refusal } from './data-files.ts';

const folder = dataFolder();
const two = [port(['N', 2], 'float32', 'a'), port(['N', 1], 'int64', 'deep/b')];
const a = Float32Array.from({ length: 6 }, (_, k) => k / 6);
const b = BigInt64Array.from([7n, 8n, 9n]);

async function all(spec: string) {
  const dataset = await openDataset(spec, { ports: two });
  const seen: Record<string, number[]> = { a: [], 'deep/b': [] };
  for await (const { feeds } of dataset.batches(2)) {
    for (const [name, tensor] of Object.entries(feeds)) seen[name]?.push(...Array.from(tensor.data, Number));
  }
  expect(dataset.labels).toBeUndefined();
  return seen;
}
const expected = { a: [...a], 'deep/b': [7, 8, 9] };

describe('openDataset for several inputs', () => {
  test('reads an archive with an array for each', async () => {
    expect(await all(folder.npz('two.npz', { a: [a, [3, 2]], 'deep/b': [b, [3, 1]] }))).toEqual(expected);
  });

  test('reads a folder with a .npy for each, named like the input', async () => {
    folder.npy('arrays/a.npy', a, [3, 2]);
    folder.npy('arrays/deep/b.npy', b, [3, 1]);
    expect(await all(path.join(folder.root, 'arrays'))).toEqual(expected);
  });

  test('reads a folder of bare elements for each', async () => {
    folder.write('bare/a/1.bin', new Uint8Array(a.buffer, 0, 16));
    folder.write('bare/a/2.bin', new Uint8Array(a.buffer, 16));
    folder.write('bare/deep/b.bin', new Uint8Array(b.buffer));
    expect(await all(path.join(folder.root, 'bare'))).toEqual(expected);
  });

  test('has a sha256 of all files', async () => {
    const hash = async (name: string, last: bigint) => {
      folder.npy(`${name}/a.npy`, a, [3, 2]);
      folder.npy(`${name}/deep/b.npy`, BigInt64Array.from([7n, 8n, last]), [3, 1]);
      return (await openDataset(path.join(folder.root, name), { ports: two })).sha256();
    };
    const original = await hash('one', 9n);
    expect(await hash('again', 9n)).toBe(original);
    expect(await hash('other', 8n)).not.toBe(original);
  });

  test('names the input without data, and a name that is near', async () => {
    folder.npy('lacking/a.npy', a, [3, 2]);
    folder.npy('lacking/deep/c.npy', b, [3, 1]);
    expect(await refusal(openDataset(path.join(folder.root, 'lacking'), { ports: two }))).toMatchObject({
      code: 'missing-array',
      exitCode: 2,
      message: expect.stringContaining('deep/b.npy'),
      hint: expect.stringContaining('Did you mean "deep/c"'),
    });
  });

  test('refuses different numbers of samples', async () => {
    folder.npy('uneven/a.npy', a, [3, 2]);
    folder.npy('uneven/deep/b.npy', b.slice(0, 2), [2, 1]);
    expect(await refusal(openDataset(path.join(folder.root, 'uneven'), { ports: two }))).toMatchObject({
      code: 'sample-count-mismatch',
      message: expect.stringContaining('a 3, deep/b 2'),
    });
  });

  test('refuses a folder of images', async () => {
    await folder.picture('pictures/a.png', [1, 2, 3]);
    expect(await refusal(openDataset(path.join(folder.root, 'pictures'), { ports: two }))).toMatchObject({
      code: 'input-shape-mismatch',
      hint: expect.stringContaining('.npz'),
    });
  });
});

describe('openDataset for calibration', () => {
  async function warnings(count: number, purpose?: 'calibration' | 'evaluation') {
    const file = folder.npy(
      `few-${count}.npy`,
      new Float32Array(count).map((_, k) => k),
      [count, 1],
    );
    const seen: Diagnostic[] = [];
    const ports = [port(['N', 1])];
    await openDataset(file, { ports, ...(purpose && { purpose }), onWarning: (warning) => seen.push(warning) });
    return seen.filter(({ code }) => code === 'few-samples');
  }

  test('warns of fewer than 64 samples and says how many are wanted', async () => {
    expect(await warnings(63, 'calibration')).toMatchObject([
      { message: expect.stringContaining('63 samples'), hint: expect.stringContaining('a few hundred') },
    ]);
    expect(await warnings(1, 'calibration')).toMatchObject([{ message: expect.stringContaining('1 sample is') }]);
    expect(await warnings(64, 'calibration')).toEqual([]);
    expect(await warnings(10, 'evaluation')).toEqual([]);
    expect(await warnings(10)).toEqual([]);
  });

  test('needs no labels: nested folders of images, whatever lies beside them', async () => {
    await folder.picture('nested/x/y/1.png', [10, 20, 30]);
    await folder.picture('nested/2.png', [40, 50, 60]);
    folder.write('nested/x/list.csv', '1,2');
    const options = { ports: [port(['N', 3, 4, 5])], preprocess: 'raw', purpose: 'calibration' } as const;
    const dataset = await openDataset(path.join(folder.root, 'nested'), options);
    expect(dataset).toMatchObject({ size: 2, labels: undefined, synthetic: false });
  });

  test('needs no labels: an archive of images alone', async () => {
    const file = folder.npz('images.npz', { x: [new Uint8Array(3 * 60).fill(9), [3, 4, 5, 3]] });
    const dataset = await openDataset(file, { ports: [port(['N', 3, 4, 5])], preprocess: 'imagenet' });
    expect(dataset).toMatchObject({ size: 3, labels: undefined });
  });
});
