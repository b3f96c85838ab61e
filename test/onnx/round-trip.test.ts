import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { cloneModel } from '../../src/ir/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { corpus } from '../support/corpus.ts';

const folders = [
  { folder: 'onnx-backend-tests', count: 1428 },
  { folder: 'models', count: 15 },
  { folder: 'zoo', count: 35 },
];
const present = existsSync(corpus);
if (!present) console.warn(`skipped: no corpus at ${corpus} (set ONNX_TUCKER_CORPUS)`);

describe('round trip', () => {
  for (const { folder, count } of folders) {
    const files = present ? modelsIn(join(corpus, folder)) : [];

    (present ? test : test.skip)(`${folder}: all ${count} models are written from scratch byte for byte`, () => {
      expect(files.length).toBeGreaterThanOrEqual(count);
      expect(mismatches(files, (bytes) => writeModel(readModel(bytes), { fromScratch: true }))).toEqual([]);
    });

    (present ? test : test.skip)(`${folder}: a clone of every model is written byte for byte`, () => {
      expect(mismatches(files, (bytes) => writeModel(cloneModel(readModel(bytes)).model))).toEqual([]);
    });
  }
});

function modelsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.onnx'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function mismatches(files: readonly string[], rewrite: (bytes: Uint8Array) => Uint8Array): string[] {
  return files.flatMap((file) => {
    const bytes = readFileSync(file);
    try {
      return Buffer.compare(bytes, rewrite(bytes)) === 0 ? [] : [relative(corpus, file)];
    } catch (error) {
      return [`${relative(corpus, file)}: ${error}`];
    }
  });
}
