import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { canonicalJson } from '../../src/cache/canonical-json.ts';
import { openCache } from '../../src/cache/index.ts';

const root = mkdtempSync(join(tmpdir(), 'onnx-tucker-cache-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(root, 'case-')), 'made when needed');
});

const bytes = (...values: number[]) => Uint8Array.from(values);
const key = { what: 'time', chain: [{ kernel: [3, 3], groups: 1 }], threads: 1 };
const files = () => readdirSync(folder).map((name) => join(folder, name));
const onlyFile = () => {
  const [file, ...others] = files();
  if (!file || others.length > 0) throw new Error(`one file was expected: ${files()}`);
  return file;
};

describe('openCache', () => {
  it('gives back what was put, also to who opens the folder later', async () => {
    const cache = openCache(folder);
    expect(await cache.get(key)).toBeUndefined();
    await cache.put(key, bytes(1, 2, 3));
    await cache.put({ ...key, threads: 2 }, bytes());
    for (const reader of [cache, openCache(folder)]) {
      expect(Array.from((await reader.get(key)) ?? [])).toEqual([1, 2, 3]);
      expect(await reader.get({ ...key, threads: 2 })).toHaveLength(0);
      expect(await reader.get({ ...key, threads: 3 })).toBeUndefined();
    }
  });

  it('takes the order of properties for nothing, and everything else for a difference', async () => {
    const cache = openCache(undefined);
    await cache.put({ a: 1, b: [1, 2] }, bytes(7));
    expect(await cache.get({ b: [1, 2], a: 1 })).toHaveLength(1);
    for (const other of [{ a: 1, b: [2, 1] }, { a: '1', b: [1, 2] }, { a: 1 }, { a: 1, b: [1, 2], c: null }])
      expect(await cache.get(other)).toBeUndefined();
  });

  it('keeps results in memory where there is no folder, out of reach of their owners', async () => {
    const cache = openCache(undefined);
    const value = bytes(5);
    await cache.put(key, value);
    value[0] = 6;
    (await cache.get(key))?.fill(7);
    expect(await cache.get(key)).toEqual(bytes(5));
    expect(await openCache(undefined).get(key)).toBeUndefined();
  });

  it('takes a value with any byte changed, or cut off anywhere, for absent, and replaces it', async () => {
    const cache = openCache(folder);
    await cache.put(key, bytes(1, 2, 3));
    const whole = readFileSync(onlyFile());
    for (let i = 0; i < whole.length; i++) {
      writeFileSync(
        onlyFile(),
        whole.map((value, at) => (at === i ? value ^ 0x10 : value)),
      );
      expect(await cache.get(key)).toBeUndefined();
      writeFileSync(onlyFile(), whole.subarray(0, i));
      expect(await cache.get(key)).toBeUndefined();
    }
    await cache.put(key, bytes(4));
    expect(Array.from((await cache.get(key)) ?? [])).toEqual([4]);
  });

  it('compares the key itself: a file under the name of another one is no answer', async () => {
    const cache = openCache(folder);
    await cache.put(key, bytes(1));
    const name = onlyFile();
    const elsewhere = join(root, 'elsewhere');
    renameSync(name, elsewhere);
    await cache.put('other', bytes(2));
    renameSync(elsewhere, onlyFile());
    expect(await cache.get('other')).toBeUndefined();
  });

  it('never shows half a value while many write the same key, and leaves no drafts behind', async () => {
    const writers = Array.from({ length: 8 }, (_, i) => ({
      cache: openCache(folder),
      value: new Uint8Array(20_000).fill(i),
    }));
    const seen: (Uint8Array | undefined)[] = [];
    await Promise.all(
      writers.map(async ({ cache, value }) => {
        for (let turn = 0; turn < 5; turn++) {
          await cache.put(key, value);
          seen.push(await cache.get(key));
        }
      }),
    );
    for (const value of seen) {
      expect(value).toHaveLength(20_000);
      expect(new Set(value).size).toBe(1);
    }
    expect(files()).toHaveLength(1);
  });

  it('remembers for this run what the folder does not take', async () => {
    // A file stands where the folder would be; permissions would not stop root.
    writeFileSync(folder, '');
    const cache = openCache(folder);
    await cache.put(key, bytes(9));
    expect(Array.from((await cache.get(key)) ?? [])).toEqual([9]);
    expect(await openCache(folder).get(key)).toBeUndefined();
  });
});

describe('canonicalJson', () => {
  it('sorts names at every depth and refuses what JSON would change', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 'x"' }], a: null })).toBe('{"a":null,"b":[{"c":"x\\"","d":1}]}');
    expect(() => canonicalJson([Number.NaN])).toThrow('NaN');
    expect(() => canonicalJson({ a: Number.POSITIVE_INFINITY })).toThrow('Infinity');
  });
});
