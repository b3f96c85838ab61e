import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { memoryBytes } from '../../src/data/byte-source.ts';
import { openNpy } from '../../src/data/npy.ts';
import { npyBytes, refusal } from './data-files.ts';

interface SavedArray {
  readonly name: string;
  readonly dims: readonly number[];
  readonly npy: string;
  readonly values: readonly number[];
}

const { arrays } = JSON.parse(readFileSync('test/oracle/npy.json', 'utf8')) as { arrays: SavedArray[] };

const open = (bytes: Uint8Array) => openNpy(memoryBytes(bytes, 'test.npy'));

describe('openNpy', () => {
  test.each(arrays)('reads what numpy saved as $name', async ({ npy, dims, values }) => {
    const array = await open(Buffer.from(npy, 'base64'));
    expect(array.dims).toEqual(dims);
    expect(Array.from(await array.values(), Number)).toEqual(values);
  });

  test.each(arrays.filter(({ dims }) => dims.length === 3))(
    'gives chosen samples of $name',
    async ({ npy, values }) => {
      const array = await open(Buffer.from(npy, 'base64'));
      const samples: number[][] = [];
      for await (const sample of array.samples([0, 2])) samples.push(Array.from(sample, Number));
      expect(samples).toEqual([values.slice(0, 8), values.slice(16, 24)]);
    },
  );

  test('refuses an array at every length that is too short', async () => {
    const whole = npyBytes(new Float32Array([1, 2, 3]), [3]);
    for (let length = 0; length < whole.length; length++) {
      expect((await refusal(open(whole.slice(0, length)))).code).toBe('unreadable-data');
    }
    expect((await open(whole)).dims).toEqual([3]);
  });

  test.each(["'|O'", "'<U5'", "'<c16'", "'<M8[ns]'", "[('a', '<f4')]"])(
    'refuses elements of type %s',
    async (descr) => {
      const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': (1,), }`;
      const bytes = Buffer.concat([
        Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
        Buffer.from([header.length, 0]),
        Buffer.from(header),
      ]);
      const { code, exitCode } = await refusal(open(Buffer.concat([bytes, Buffer.alloc(64)])));
      expect({ code, exitCode }).toEqual({ code: 'unsupported-array', exitCode: 2 });
    },
  );
});
