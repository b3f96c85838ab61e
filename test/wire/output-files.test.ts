import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nodeFileSystem, OutputFiles, removeTemporaries } from '../../src/wire/index.ts';
import { writePieces } from '../../src/wire/write-pieces.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-output-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('OutputFiles', () => {
  test('shows nothing before commit, and all files after it', async () => {
    const output = new OutputFiles();
    for (const name of ['data', 'model'])
      await (await output.stage(join(folder, name), false)).write([Buffer.from(name)]);
    expect(readdirSync(folder).filter((name) => !name.endsWith('.tmp'))).toEqual([]);
    await output.commit();
    expect(readdirSync(folder).sort()).toEqual(['data', 'model']);
    expect(readFileSync(join(folder, 'data'), 'utf8')).toBe('data');
  });

  test('renames in the order of staging, so that the model never points to nothing', async () => {
    const order: string[] = [];
    const rename = async (from: string, to: string) => {
      order.push(to);
      await nodeFileSystem.rename(from, to);
    };
    const output = new OutputFiles({ system: { ...nodeFileSystem, rename } });
    for (const name of ['data', 'model']) await output.stage(join(folder, name), true);
    await output.commit();
    expect(order).toEqual([join(folder, 'data'), join(folder, 'model')]);
  });

  test('does not replace a file that appears after the check', async () => {
    const path = join(folder, 'model');
    const system = {
      ...nodeFileSystem,
      link: async (from: string, to: string) => {
        writeFileSync(to, 'somebody else');
        await nodeFileSystem.link(from, to);
      },
    };
    const output = new OutputFiles({ system });
    await output.stage(path, false);
    await expect(output.commit()).rejects.toThrow('output-exists');
    expect(readdirSync(folder)).toEqual(['model']);
    expect(readFileSync(path, 'utf8')).toBe('somebody else');
  });

  test('leaves nothing when the process is told to leave in the middle', async () => {
    const output = new OutputFiles();
    await (await output.stage(join(folder, 'model'), false)).write([Buffer.from('half')]);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(process.listeners('exit')).toContain(removeTemporaries);
    removeTemporaries();
    expect(readdirSync(folder)).toEqual([]);
    await output.abort();
    expect(process.listeners('exit')).not.toContain(removeTemporaries);
  });

  test('knows the hash of what it wrote', async () => {
    const output = new OutputFiles();
    const staged = (await output.stage(join(folder, 'a'), false)).withHash();
    await staged.write([Buffer.from('ab'), Buffer.from('c')]);
    expect(staged.digest()).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    await output.abort();
  });
});

test('pieces arrive whole and in order, however little the system takes at a time', async () => {
  const sizes = fc.array(fc.nat({ max: 40 }), { maxLength: 1100 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(fc.nat({ max: 60 }), { minLength: 1 }), async (lengths, takes) => {
      const pieces = lengths.map((length, index) => new Uint8Array(length).fill(index));
      const written: Uint8Array[] = [];
      let call = 0;
      const writev = async (parts: readonly Uint8Array[]) => {
        expect(parts.length).toBeLessThanOrEqual(1024);
        const taken = Buffer.concat(parts).subarray(0, 1 + (takes[call++ % takes.length] ?? 0));
        written.push(taken);
        return { bytesWritten: taken.byteLength };
      };
      await writePieces({ writev }, pieces);
      expect(Buffer.concat(written).equals(Buffer.concat(pieces))).toBe(true);
    }),
    { numRuns: 50 },
  );
});
