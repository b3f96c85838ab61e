import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { zipSync } from 'fflate';
import { dump, type TypedArray } from 'npyjs';
import sharp from 'sharp';
import { DiagnosticError } from '../../src/diagnostics.ts';
import type { RuntimePort } from '../../src/runtime/index.ts';

/** A folder for the files of one test file, removed when its tests are done. */
export function dataFolder() {
  const root = mkdtempSync(path.join(tmpdir(), 'onnx-tucker-data-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const write = (name: string, bytes: Uint8Array | string) => {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    return file;
  };
  return {
    root,
    write,
    npy: (name: string, data: TypedArray, dims: number[]) => write(name, npyBytes(data, dims)),
    /** @param level of deflate; 0 stores */
    npz: (name: string, arrays: Readonly<Record<string, readonly [TypedArray, number[]]>>, level: 0 | 6 = 6) => {
      const entries = Object.entries(arrays).map(
        ([key, [data, dims]]) => [`${key}.npy`, npyBytes(data, dims)] as const,
      );
      return write(name, zipSync(Object.fromEntries(entries), { level }));
    },
    /** A picture of one colour, without loss. */
    picture: async (name: string, [r, g, b]: readonly [number, number, number], height = 4, width = 5) => {
      const create = { width, height, channels: 3 as const, background: { r, g, b } };
      return write(name, await sharp({ create }).png().toBuffer());
    },
  };
}

/** As numpy would save it; npyjs is the independent writer. */
export function npyBytes(data: TypedArray, dims: number[]): Uint8Array {
  return new Uint8Array(dump(data, dims));
}

export function port(
  shape: RuntimePort['shape'],
  dtype: RuntimePort['dtype'] = 'float32',
  name = 'input',
): RuntimePort {
  return { name, dtype, shape };
}

/** What the call is refused with. */
export async function refusal(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof DiagnosticError) return error.diagnostic;
  throw new Error(`not refused with a diagnostic: ${String(error)}`);
}
