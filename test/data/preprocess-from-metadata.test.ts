import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openDataset, preprocessFromMetadata } from '../../src/data/index.ts';
import { port } from './data-files.ts';

const colour = port(['N', 3, 8, 9]);
const gray = port([1, 1, 28, 28]);

const read = (metadata: Record<string, string>, input = colour) =>
  preprocessFromMetadata(Object.entries(metadata), input);
const windows = (range: string, format?: string) => ({
  'Image.NominalPixelRange': range,
  ...(format && { 'Image.BitmapPixelFormat': format }),
});

describe('preprocessFromMetadata', () => {
  test('finds nothing where nothing is stated, and gives no reason', () => {
    for (const metadata of [{}, { author: 'Jane', license: 'MIT' }, { author: 'Ultralytics', task: 'classify' }]) {
      expect(read(metadata)).toEqual({ preprocess: undefined, reason: undefined });
    }
  });

  test.each([
    ['NominalRange_0_255', 'Rgb8', { scale: 1, mean: 0, channels: 'rgb' }],
    ['Normalized_0_1', 'Bgr8', { scale: 1 / 255, mean: 0, channels: 'bgr' }],
    ['normalized_1_1', 'RGB8', { scale: 1 / 127.5, mean: 1 }],
    ['NominalRange_16_235', undefined, { scale: 219 / 255, mean: -16 }],
  ])("reads ONNX's image category, %s and %s", (range, format, settings) => {
    const { preprocess, ...rest } = read({ ...windows(range, format), 'Image.ColorSpaceGamma': 'SRGB' });
    expect(preprocess).toMatchObject({ ...settings, layout: 'NCHW', resize: [8, 9] });
    expect(rest).toMatchObject({ from: expect.stringContaining('Image.NominalPixelRange') });
  });

  test('knows that video levels put black at 16 and white at 235', async () => {
    const { preprocess } = read(windows('NominalRange_16_235'));
    const dataset = await openDataset('synthetic', { ports: [colour], samples: 2, preprocess: preprocess ?? 'raw' });
    for await (const { feeds } of dataset.batches(2)) {
      const values = Array.from(feeds.input?.data ?? [], Number);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(16);
      expect(Math.max(...values)).toBeLessThanOrEqual(235);
    }
  });

  test('reads gray images, and takes no size where the input leaves it open', () => {
    expect(read(windows('NominalRange_0_255', 'Gray8'), gray)).toMatchObject({ preprocess: { channels: 'gray' } });
    const { preprocess } = read(windows('NominalRange_0_255'), port(['N', 3, 'h', 'w']));
    expect(preprocess).not.toHaveProperty('resize');
  });

  test('reads exports of Ultralytics', () => {
    const metadata = { author: 'Ultralytics', task: 'detect', stride: '32', imgsz: '[640, 640]', names: "{0: 'cat'}" };
    expect(read(metadata)).toMatchObject({ preprocess: { scale: 1 / 255, mean: 0, std: 1, channels: 'rgb' } });
  });

  test.each(['standardization_', ''])('reads %smean and %sstd of pixels / 255', (prefix) => {
    const metadata = { [`${prefix}mean`]: '[0.42, 0.43, 0.41]', [`${prefix}std`]: '[0.17, 0.16, 0.16]' };
    expect(read(metadata)).toMatchObject({
      preprocess: { scale: 1 / 255, mean: [0.42, 0.43, 0.41], std: [0.17, 0.16, 0.16] },
    });
  });

  test('looks at its own key first: a preset, or the JSON of a preprocess file', () => {
    const key = 'onnx-tucker.preprocess';
    expect(read({ ...windows('NominalRange_0_255'), [key]: 'imagenet' })).toEqual({
      preprocess: 'imagenet',
      from: `metadata key ${key}`,
    });
    expect(read({ [key]: '{"scale": 0.5, "labelOffset": 1}' })).toMatchObject({
      preprocess: { scale: 0.5, labelOffset: 1 },
    });
    expect(read({ [key]: '{"scal": 0.5}' })).toMatchObject({ reason: expect.stringContaining('unknown key "scal"') });
    expect(read({ [key]: 'imagnet' })).toMatchObject({ reason: expect.stringContaining('no JSON') });
  });

  test.each<[string, Record<string, string>, string]>([
    ['a range that is unknown', windows('0..1'), 'unknown'],
    ['a range named like a member of every object', windows('constructor'), 'unknown'],
    ['a format without a range', { 'Image.BitmapPixelFormat': 'Rgb8' }, 'without'],
    ['a format that is unknown', windows('Normalized_0_1', 'Yuv8'), 'cannot be made'],
    ['four channels', windows('Normalized_0_1', 'Bgra8'), 'cannot be made'],
    ['gray images for an input of colours', windows('Normalized_0_1', 'Gray8'), 'does not fit 3 channels'],
    ['linear light', { ...windows('Normalized_0_1'), 'Image.ColorSpaceGamma': 'Linear' }, 'linear'],
    ['a mean without a deviation', { mean: '[0.5, 0.5, 0.5]' }, 'one is missing'],
    ['two numbers for three channels', { mean: '[0.5, 0.5]', std: '[1, 1]' }, 'no list of 3 numbers'],
    ['numbers that are not for pixels / 255', { mean: '[103.9, 116.8, 123.7]', std: '[1]' }, 'not for pixels / 255'],
    ['a deviation of zero', { mean: '[0.5]', std: '[0]' }, 'std'],
    ['Python instead of JSON', { mean: '(0.5, 0.5, 0.5)', std: '[1]' }, 'no JSON'],
    [
      'one key in two spellings',
      { 'Image.NominalPixelRange': 'Normalized_0_1', 'image.nominalpixelrange': 'Normalized_1_1' },
      'twice',
    ],
    [
      'two conventions that disagree',
      { ...windows('NominalRange_0_255', 'Rgb8'), author: 'Ultralytics', task: 'detect' },
      'contradict',
    ],
  ])('does not use %s, and says why', (_, metadata, reason) => {
    expect(read(metadata)).toEqual({ preprocess: undefined, reason: expect.stringContaining(reason) });
  });

  test('uses two conventions that agree', () => {
    const metadata = { ...windows('Normalized_0_1', 'Rgb8'), author: 'Ultralytics', task: 'detect' };
    expect(read(metadata)).toMatchObject({ preprocess: { scale: 1 / 255 } });
  });

  test('keeps to what is an image', () => {
    expect(read(windows('NominalRange_0_255'), port(['N', 784]))).toEqual({ preprocess: undefined, reason: undefined });
  });

  test('never fails, whatever stands there', () => {
    const keys = [
      'onnx-tucker.preprocess',
      'Image.NominalPixelRange',
      'Image.BitmapPixelFormat',
      'mean',
      'std',
      'author',
    ];
    const value = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('Normalized_0_1', 'Rgb8', '[0.5]', 'Ultralytics', '__proto__'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(fc.constantFrom(...keys), fc.string()), value)), (metadata) => {
        expect(preprocessFromMetadata(metadata, colour)).toHaveProperty('preprocess');
      }),
    );
  });
});
