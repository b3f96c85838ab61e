import { expect, test } from '@jest/globals';
import { Model } from '../../src/ir/index.ts';
import { modelMetadata, readModel } from '../../src/onnx/index.ts';
import { bytesOf, modelOf } from './model-bytes.ts';

test("gives a model's metadata in the order of the file, twice where a key stands twice", () => {
  const metadataProps = [
    { key: 'Image.BitmapPixelFormat', value: 'Gray8' },
    { key: 'author', value: 'Jane' },
    { key: 'author', value: 'Joe' },
    { key: 'empty' },
  ];
  const model = readModel(bytesOf(modelOf({}, { metadataProps })));
  expect(modelMetadata(model)).toEqual([
    ['Image.BitmapPixelFormat', 'Gray8'],
    ['author', 'Jane'],
    ['author', 'Joe'],
    ['empty', ''],
  ]);
});

test('gives nothing for a model without metadata', () => {
  expect(modelMetadata(new Model(8))).toEqual([]);
});
