import { expect, test } from '@jest/globals';
import onnxProto from 'onnx-proto';
import { writeModel } from '../../src/onnx/index.ts';
import { compress } from '../../src/pipeline/index.ts';
import { smallCnn } from '../support/small-models.ts';

/** onnx-proto is made from ONNX 1.10: old, but nobody here wrote it. */
test('an independent decoder reads what we write', async () => {
  const pipeline = 'fuse-batch-norm,ratio-ranks{params=0.5,ends=fit},tucker-2,svd';
  const { bytes } = await compress(writeModel(smallCnn()), { pipeline, check: 'contraction' });
  const { graph } = onnxProto.onnx.ModelProto.decode(bytes());
  expect(graph?.node?.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'conv1/tucker-2/V',
      'conv1/tucker-2/C',
      'conv1/tucker-2/U',
      'classifier/svd/V',
      'classifier/svd/U',
    ]),
  );
  const core = graph?.initializer?.find(({ name }) => name === 'conv2/tucker-2/C/weight');
  const [outputs = 0, inputs = 0, ...kernel] = core?.dims?.map(Number) ?? [];
  expect(kernel).toEqual([3, 3]);
  expect(core?.rawData?.length).toBe(4 * outputs * inputs * 9);
  const stride = graph?.node
    ?.find(({ name }) => name === 'conv2/tucker-2/C')
    ?.attribute?.find(({ name }) => name === 'strides');
  expect(stride?.ints?.map(Number)).toEqual([2, 2]);
});
