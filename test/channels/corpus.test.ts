import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { channelGroups } from '../../src/channels/index.ts';
import type { Model } from '../../src/ir/index.ts';
import { inferShapes, readModelFile } from '../../src/onnx/index.ts';
import { freezeInputs } from '../../src/pipeline/prepare.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { corpusModels, corpusTest, modelName } from '../support/corpus.ts';
import { slowTest } from '../support/slow.ts';
import { errorOverTolerance, zeroedAndPruned } from './zeroed-and-pruned.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ threads: 2 });
});
afterAll(() => runtime.close());

async function load(path: string): Promise<Model> {
  const model = await readModelFile(path);
  return model.irVersion >= 4 ? freezeInputs(model) : model;
}

/** What ONNX Runtime does not run here, or whose outputs rounding alone decides. */
const unjudged = ['sr_prepost_op18', 'ocr_ppv2_det'];

/** Convolutions, and how many of their weights are filters that can go. */
function sharesOf(model: Model) {
  const { groups } = channelGroups(model, inferShapes(model));
  const params = (frozen: boolean) =>
    groups
      .filter((group) => (group.frozen !== undefined) === frozen)
      .reduce((sum, { convParams }) => sum + convParams, 0);
  const convolutions = model.graph.nodes.filter((node) => node.is('Conv', 'ConvTranspose')).length;
  return { convolutions, free: params(false), frozen: params(true) };
}

corpusTest('at least 60 % of the convolutions’ parameters are in free groups', async () => {
  const total = { free: 0, all: 0 };
  const table: string[] = [];
  for (const path of corpusModels()) {
    const { convolutions, free, frozen } = sharesOf(await load(path));
    if (convolutions < 2) continue;
    table.push(`${modelName(path)} ${((100 * free) / (free + frozen)).toFixed(1)} % of ${free + frozen}`);
    total.free += free;
    total.all += free + frozen;
  }
  console.log([...table, `all ${((100 * total.free) / total.all).toFixed(1)} % of ${total.all}`].join('\n'));
  expect(total.free / total.all).toBeGreaterThanOrEqual(0.6);
});

/** Residual, depthwise, Concat, shuffle by Reshape and by Gather, Flatten into Gemm; squeeze-and-excite. */
const classics = [
  ...['cifar10_resnet44', 'cifar10_resnet20_bn', 'cifar10_resnet50v2s3_probe64', 'imagenet_mobilenetv2_100_224'],
  ...['imagenet_squeezenet1.1', 'light_inception_v1', 'det_nanodet_m_320', 'det_fastestdet'],
  ...['mnist_lenet5', 'light_vgg19', 'ocr_ppmobile2_cls'],
];

describe('nothing but outputs, softmax and LRN freezes', () => {
  for (const path of corpusModels().filter((file) => classics.includes(modelName(file))))
    corpusTest(modelName(path), async () => {
      const model = await load(path);
      const { groups } = channelGroups(model, inferShapes(model));
      const reasons = groups.flatMap(({ frozen }) => frozen ?? []);
      expect(reasons.filter(({ code }) => code !== 'graph-output' && code !== 'mixes-channels')).toEqual([]);
      expect(reasons.every(({ node }) => !node || node.is('Softmax', 'LRN'))).toBe(true);
      expect(groups.length - reasons.length).toBeGreaterThan(reasons.length);
    });
});

describe('with every fourth filter of each free group removed', () => {
  for (const path of corpusModels()) {
    slowTest(
      `${modelName(path)} equals itself with these filters zeroed, and keeps its interface`,
      async () => {
        const model = await load(path);
        const { zeroed, pruned } = zeroedAndPruned(model, (_, place) => place % 4 === 1);
        expect(signature(pruned)).toEqual(signature(model));
        if (unjudged.includes(modelName(path))) return;
        const error = await errorOverTolerance(runtime, zeroed, pruned);
        expect(error).toBeLessThanOrEqual(1);
      },
      600_000,
    );
  }
});

/** Names, types and shapes of what a caller sees. */
function signature({ graph }: Model) {
  const inputs = graph.inputs.filter(({ isInitializer }) => !isInitializer);
  return [inputs, graph.outputs].map((values) => values.map(({ name, dtype, shape }) => ({ name, dtype, shape })));
}
