import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { cloneModel, type Model, parseModel, printModel, verifyModel } from '../../src/ir/index.ts';
import { readModel } from '../../src/onnx/index.ts';
import { corpus } from '../support/corpus.ts';

const present = existsSync(corpus);
if (!present) console.warn(`skipped: the IR on the corpus, there is no ${corpus}`);
const files = present
  ? readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.onnx'))
  : [];

/** Tensors are compared by their sizes where they are large: a clone shares them, a text holds their bytes. */
const outline = (model: Model) => printModel(model, { inline: 64, elideAbove: 64 });

function weightBytes({ graph }: Model): number {
  return [...graph.initializers].reduce((sum, value) => sum + (value.tensor?.source.byteLength ?? 0), 0);
}

(present ? describe : describe.skip)('the IR on the corpus', () => {
  test('accepts and clones every model, and reads the text of the small ones back', () => {
    expect(files.length).toBeGreaterThan(1400);
    for (const file of files) {
      const model = readModel(readFileSync(`${corpus}/${file}`));
      const text = outline(model);
      verifyModel(model);
      const { model: clone } = cloneModel(model);
      verifyModel(clone);
      expect([file, outline(clone)]).toEqual([file, text]);
      if (weightBytes(model) < 1e6) expect([file, outline(parseModel(printModel(model)))]).toEqual([file, text]);
    }
  });
});
