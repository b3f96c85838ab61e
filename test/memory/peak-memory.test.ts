import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { measure } from '../../bench/measure.mjs';
import { attribute, type Model, memorySource, Tensor } from '../../src/ir/index.ts';
import { writeModelFile } from '../../src/onnx/index.ts';
import { slowTest } from '../support/slow.ts';
import { ModelBuilder } from '../support/small-models.ts';

const mebibyte = 2 ** 20;
const cli = resolve('dist/src/cli/main.js');
/** Rewrites conv and nothing else; the whole-model check would load the weights into ONNX Runtime as well. */
const rewriteOne = [
  '--pipeline',
  'ratio-ranks{params=0.5,ends=fit},tucker-2',
  '--check',
  'contraction',
  '--no-bench',
  '--quiet',
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'peak-memory-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A small Conv and, beside it, `count` weights of 64 MiB that Adds read. */
function heavyModel(count: number): Model {
  const builder = new ModelBuilder()
    .input('x', [1, 32, 8, 8])
    .random('w', [32, 32, 3, 3])
    .node('Conv', ['x', 'w'], 'y', [attribute.ints('pads', [1, 1, 1, 1])], 'conv')
    .output('y');
  for (let i = 0; i < count; i++) {
    const bytes = new Uint8Array(64 * mebibyte).fill(i);
    builder.tensor(`big${i}`, new Tensor('float32', [16 * mebibyte], memorySource(bytes)));
    builder.node('ReduceSum', [`big${i}`], `sum${i}`).output(`sum${i}`);
  }
  return builder.model;
}

async function peakOf(input: string, options: readonly string[]): Promise<number> {
  const { peak } = await measure([process.execPath, cli, input, join(folder, 'out.onnx'), '--force', ...options]);
  return peak;
}

slowTest('1 GiB of inline weights pass through in the size of the file and 300 MiB', async () => {
  const input = join(folder, 'inline.onnx');
  await writeModelFile(heavyModel(16), input);
  const { size } = await stat(input);
  expect(await peakOf(input, ['--pipeline', 'none', '--no-bench', '--quiet'])).toBeLessThan(size + 300 * mebibyte);
  expect(await peakOf(input, rewriteOne)).toBeLessThan(1.3 * size + 300 * mebibyte);
  await rm(input);
});

slowTest('1 GiB of external weights pass through in six of the largest tensor and 300 MiB', async () => {
  const input = join(folder, 'external.onnx');
  await writeModelFile(heavyModel(16), input, { externalData: 'always' });
  const limit = 6 * 64 * mebibyte + 300 * mebibyte;
  expect(await peakOf(input, ['--pipeline', 'none', '--no-bench', '--quiet'])).toBeLessThan(limit);
  expect(await peakOf(input, rewriteOne)).toBeLessThan(limit);
});
