import { expect, test } from '@jest/globals';
import { defaultCalibration } from '../../src/data/index.ts';
import { port } from './data-files.ts';

const image = [port(['N', 3, 8, 8])];
const stated = [['onnx-tucker.preprocess', 'tf']] as const;

test('without data a model is calibrated on synthetic images where their preparation is known', () => {
  expect(defaultCalibration(image, 'imagenet', stated)).toEqual({
    spec: 'synthetic',
    preprocess: 'imagenet',
    from: '--preprocess',
  });
  expect(defaultCalibration(image, undefined, stated)).toEqual({
    spec: 'synthetic',
    preprocess: 'tf',
    from: 'metadata key onnx-tucker.preprocess',
  });
});

test.each([
  ['nothing says how images are prepared', image, undefined, [], 'neither --preprocess nor'],
  ['the metadata are broken', image, undefined, [['onnx-tucker.preprocess', '{']] as const, 'no JSON'],
  ['the input is no image', [port(['N', 784])], 'raw', stated, 'is no image'],
  ['there are two inputs', [...image, ...image], 'raw', stated, '2 inputs'],
  ['there is no input', [], 'raw', stated, '0 inputs'],
])('without data a model is not calibrated where %s', (_, ports, preprocess, metadata, reason) => {
  expect(defaultCalibration(ports, preprocess, metadata)).toEqual({
    spec: undefined,
    reason: expect.stringContaining(reason),
  });
});
