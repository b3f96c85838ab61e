import { performance } from 'node:perf_hooks';
import { describe, expect, test } from '@jest/globals';
import { DiagnosticError } from '../../src/diagnostics.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { mutate, randomOf } from './mutate.ts';
import { corpusModels, seedModels } from './seed-models.ts';

const inputs = Number(process.env.ONNX_TUCKER_FUZZ_INPUTS ?? 20_000);
const seed = Number(process.env.ONNX_TUCKER_FUZZ_SEED ?? 1);

describe('bytes → IR → bytes', () => {
  const seeds = [...seedModels(), ...corpusModels(60, 4096)];

  test('the seeds are models, and come back from scratch', () => {
    for (const bytes of seeds) expect(same(writeModel(readModel(bytes), { fromScratch: true }), bytes)).toBe(true);
  });

  test(`${inputs} damaged models end in a coded error or in the same bytes, in under a second and 512 MiB each`, () => {
    const random = randomOf(seed);
    const counts = { read: 0, refused: 0 };
    let slowest = 0;
    const before = process.memoryUsage().rss;
    for (let index = 0; index < inputs; index++) {
      const bytes = mutate(seeds[random.below(seeds.length)] ?? new Uint8Array(), random, seeds);
      const start = performance.now();
      counts[outcomeOf(bytes, index)]++;
      slowest = Math.max(slowest, performance.now() - start);
    }
    // Both ways must be taken often: damage that is always refused tests no writing.
    expect(counts.read).toBeGreaterThan(inputs / 10);
    expect(counts.refused).toBeGreaterThan(inputs / 10);
    expect(slowest).toBeLessThan(1000);
    // One input after the other in one process: what all leave behind bounds what each takes.
    expect(process.memoryUsage().rss - before).toBeLessThan(512 * 2 ** 20);
  });
});

function outcomeOf(bytes: Uint8Array, index: number): 'read' | 'refused' {
  try {
    const model = readModel(bytes);
    if (!same(writeModel(model), bytes)) throw new Error('an unchanged model is not its bytes');
    const scratch = writeModel(model, { fromScratch: true });
    // Our own form is the form in which it stays.
    if (!same(writeModel(readModel(scratch), { fromScratch: true }), scratch)) throw new Error('not stable');
    return 'read';
  } catch (error) {
    if (error instanceof DiagnosticError && [3, 8].includes(error.diagnostic.exitCode)) return 'refused';
    throw new Error(`input ${index} of seed ${seed}: ${Buffer.from(bytes).toString('base64')}`, { cause: error });
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
