import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { test } from '@jest/globals';

/** Real models and labelled data; not part of the repository. */
export const corpus = resolve(process.env['ONNX_TUCKER_CORPUS'] ?? '../shared/corpus');

const present = existsSync(corpus);
if (!present) console.warn(`skipped: there is no corpus at ${corpus} (set ONNX_TUCKER_CORPUS)`);

/** A test that needs the corpus. */
export const corpusTest = present ? test : test.skip;

/** Paths of all models in the corpus' folders `models` and `zoo`. */
export function corpusModels(): readonly string[] {
  if (!present) return [];
  return ['models', 'zoo'].flatMap((folder) =>
    readdirSync(join(corpus, folder))
      .filter((file) => file.endsWith('.onnx'))
      .sort()
      .map((file) => join(corpus, folder, file)),
  );
}

export function modelName(path: string): string {
  return basename(path, '.onnx');
}
