import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { attribute } from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { apply, compress, type EngineOptions } from '../../src/pipeline/index.ts';
import { npyBytes } from '../data/data-files.ts';
import { randomSamples } from '../observe/array-dataset.ts';
import { ModelBuilder } from '../support/small-models.ts';

const dims = [3, 12, 12];

let folder = '';
let data = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mirror-test-'));
  data = join(folder, 'images.npy');
  await writeFile(data, npyBytes(randomSamples(96, dims), [96, ...dims]));
});
afterAll(() => rm(folder, { recursive: true }));

/** A classifier that adds up what is there (indifferent to left and right), or looks at where it is. */
function classifier(indifferent: boolean, width = 40): Uint8Array {
  const built = new ModelBuilder()
    .input('x', ['N', ...dims])
    .random('w1', [width, 3, 1, 1], { scale: 0.5 })
    .random('w2', [width, width, 3, 3], { scale: 0.1 })
    .random('w3', [indifferent ? width : width * 144, 5], { scale: 0.3 })
    .node('Conv', ['x', 'w1'], 'c1')
    .node('Relu', ['c1'], 'r1')
    .node('Conv', ['r1', 'w2'], 'c2', [attribute.ints('pads', [1, 1, 1, 1])], 'wide')
    .node('Tanh', ['c2'], 'r2');
  if (indifferent) built.node('GlobalAveragePool', ['r2'], 'p');
  return writeModel(
    built
      .node('Flatten', [indifferent ? 'p' : 'r2'], 'f')
      .node('MatMul', ['f', 'w3'], 'y')
      .output('y').model,
  );
}

function run(model: Uint8Array, options: EngineOptions = {}) {
  return compress(model, {
    bench: false,
    requireGain: 'none',
    calibrate: data,
    samples: 64,
    include: ['wide'],
    pipeline: 'ratio-ranks{params=0.5,ends=fit},tucker-2',
    ...options,
  });
}

describe('where images are few for the widest operator', () => {
  test('each is seen in a mirror too, if the model answers alike then', async () => {
    const { plan } = await run(classifier(true));
    expect(plan.evidence).toMatchObject({ kind: 'data', samples: 64, mirrored: true });
  });

  test('none is where the model answers otherwise', async () => {
    const { plan } = await run(classifier(false));
    expect(plan.evidence).toMatchObject({ mirrored: false });
  });

  test('none is by quick fits, and none is said to be', async () => {
    const { plan } = await run(classifier(true), { effort: 'fast' });
    expect(plan.evidence).toMatchObject({ effort: 'fast', mirrored: false });
  });

  test('none is where there are rows enough', async () => {
    const { plan } = await run(classifier(true, 8));
    expect(plan.evidence).toMatchObject({ mirrored: false });
  });

  test('the plan gives the same bytes again', async () => {
    const model = classifier(true);
    const { plan, bytes } = await run(model);
    const again = await apply(model, plan, { bench: false, calibrate: data });
    expect(Buffer.compare(again.bytes(), bytes())).toBe(0);
  });
});
