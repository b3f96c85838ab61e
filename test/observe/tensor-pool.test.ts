import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TensorPool } from '../../src/observe/tensor-pool.ts';
import type { RuntimeTensor } from '../../src/runtime/index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pool-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const tensor = (first: number, length = 100): RuntimeTensor => ({
  dtype: 'float32',
  dims: [length],
  data: Float32Array.from({ length }, (_, i) => first + i),
});

describe('the pool of activations', () => {
  test('gives tensors back as they came, from memory and from files', async () => {
    const pool = new TensorPool({ memory: 500, folder });
    const [small, large] = [await pool.put(tensor(1)), await pool.put(tensor(2))];
    expect(pool.usage).toEqual({ spilled: 400, peak: 400 });
    expect(await small.read()).toEqual(tensor(1));
    expect(await large.read()).toEqual(tensor(2));
    await pool.close();
  });

  test('spills whole numbers of every type', async () => {
    const pool = new TensorPool({ memory: 0, folder });
    const data = BigInt64Array.of(3n, -4n);
    const spilled = await pool.put({ dtype: 'int64', dims: [2], data });
    expect((await spilled.read()).data).toEqual(data);
    await pool.close();
  });

  test('has room again once every holder has let go', async () => {
    const pool = new TensorPool({ memory: 400, folder });
    const first = await pool.put(tensor(1));
    first.share();
    await first.release();
    const second = await pool.put(tensor(2));
    expect(pool.usage.spilled).toBe(400);
    await first.release();
    await pool.put(tensor(3));
    expect(pool.usage.spilled).toBe(400);
    await second.release();
    await pool.close();
  });

  test('leaves no file behind', async () => {
    const pool = new TensorPool({ memory: 0, folder });
    const spilled = await pool.put(tensor(1));
    expect(readdirSync(folder)).toHaveLength(1);
    await spilled.release();
    expect(readdirSync(join(folder, readdirSync(folder)[0] ?? ''))).toEqual([]);
    await pool.put(tensor(2));
    await pool.close();
    expect(readdirSync(folder)).toEqual([]);
  });
});
