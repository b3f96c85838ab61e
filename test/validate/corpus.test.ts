import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromFloat64, toFloat64 } from '../../src/ir/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { exactEquivalence } from '../../src/validate/index.ts';
import { corpus } from '../support/corpus.ts';

/** Larger files and inputs take long and show nothing else. */
const largestFile = 2 ** 22;

const models = ['models', 'zoo'].flatMap((folder) => {
  const place = join(corpus, folder);
  const files = existsSync(place) ? readdirSync(place).filter((name) => name.endsWith('.onnx')) : [];
  return files.map((name) => join(place, name)).filter((path) => statSync(path).size <= largestFile);
});

/** What ONNX Runtime cannot judge, and why. */
const unjudged: Readonly<Record<string, string>> = {
  'sr_prepost_op18.onnx': 'DecodeImage',
};

const trained = join(corpus, 'models', 'cifar10_resnet20.onnx');

/** The model with its n-th convolution kernel multiplied by `factor`. */
function withScaledKernel(path: string, n: number, factor: number): Uint8Array {
  const model = readModel(new Uint8Array(readFileSync(path)));
  const weight = model.graph.nodes.filter((node) => node.is('Conv'))[n]?.inputs[1];
  if (!weight?.tensor) throw new Error(`${path} has no kernel ${n}`);
  const { dims, dtype } = weight.tensor;
  weight.tensor = fromFloat64(
    toFloat64(weight.tensor).map((value) => value * factor),
    dims,
    dtype,
  );
  return writeModel(model);
}

if (models.length === 0) {
  it.skip(`there are no trained models under ${corpus}: set ONNX_TUCKER_CORPUS`, () => {});
} else {
  describe('exactEquivalence of trained models', () => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await openRuntime();
    });
    afterAll(() => runtime.close());

    it.each(models)('finds %s equal to itself, or says why it cannot be judged', async (path) => {
      const result = await exactEquivalence(runtime, { path }, { path }, { samples: 1 });
      const reason = Object.entries(unjudged).find(([name]) => path.endsWith(name))?.[1];
      if (reason) expect(result).toMatchObject({ kind: 'unjudged', reason: expect.stringContaining(reason) });
      else expect(result).toMatchObject({ kind: 'judged', ok: true, maxRelativeError: 0 });
    });

    it.each([0, 9, 18])('notices that kernel %i of a ResNet is one part in a thousand too large', async (n) => {
      const changed = withScaledKernel(trained, n, 1.001);
      const result = await exactEquivalence(runtime, { path: trained }, changed);
      expect(result).toMatchObject({ kind: 'judged', ok: false, tolerance: 1e-4 });
    });
  });
}
