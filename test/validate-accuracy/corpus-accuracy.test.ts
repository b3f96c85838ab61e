import path from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { openDataset } from '../../src/data/index.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { measureAccuracy } from '../../src/validate/index.ts';
import { corpus, corpusTest } from '../support/corpus.ts';

/** Top-1 in percent that the corpus states, for these very images or for the whole test set they are part of. */
const stated = [
  { model: 'cifar10_resnet20', data: 'cifar10_test_lossless_423', preprocess: 'cifar10_resnet', top1: 91.7 },
  { model: 'cifar10_resnet20_bn', data: 'cifar10_test_lossless_423', preprocess: 'cifar10_resnet', top1: 91.7 },
  {
    model: 'cifar10_resnet20',
    data: 'cifar10_test_jpeg_5000',
    preprocess: 'cifar10_resnet',
    top1: 81.0,
    samples: 1000,
  },
  {
    model: 'cifar10_resnet50v2s3_probe64',
    data: 'cifar10_test_lossless_423',
    preprocess: 'cifar10_probe64',
    top1: 80.7,
    samples: 100,
  },
  { model: 'mlperf_pretrainedResnet', data: 'cifar10_test_lossless_423', preprocess: 'mlperf_cifar_raw', top1: 87.7 },
  {
    model: 'imagenet_squeezenet1.1',
    data: 'imagenet_250',
    preprocess: 'imagenet_squeezenet1.1',
    top1: 61.2,
    samples: 100,
  },
  { model: 'imagenet_mobilenetv1_025_128', data: 'imagenet_250', preprocess: 'imagenet_mobilenet_128', top1: 45.7 },
  { model: 'mnist_lenet5', data: 'mnist_test_5000', preprocess: 'mnist', top1: 99.47, samples: 1000 },
  { model: 'mnist_lenet300', data: 'mnist_test_5000', preprocess: 'mnist', top1: 98.97, samples: 1000 },
];

describe('measureAccuracy on trained models', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({ threads: 1 });
  });
  afterAll(() => runtime?.close());

  corpusTest.each(stated)(
    'finds the stated accuracy of $model on $data',
    async ({ model, data, preprocess, top1, samples }) => {
      const session = await runtime.load({ path: path.join(corpus, 'models', `${model}.onnx`) });
      const dataset = await openDataset(path.join(corpus, 'data', `${data}.npz`), {
        ports: session.inputs,
        preprocess: path.join(corpus, 'preprocess', `${preprocess}.json`),
        ...(samples && { samples }),
      });
      const accuracy = await measureAccuracy(session, session, dataset);
      await session.release();
      expect(accuracy.metric?.beforeCi95[0]).toBeLessThanOrEqual(top1 / 100);
      expect(accuracy.metric?.beforeCi95[1]).toBeGreaterThanOrEqual(top1 / 100);
    },
  );
});
