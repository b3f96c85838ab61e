import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Image, resizeBilinear } from '../../src/data/resize.ts';

interface Case {
  readonly image: number[];
  readonly dims: [number, number, number];
  readonly size: [number, number];
  readonly bilinear: number[];
  readonly antialiased: number[];
}

const { resize } = JSON.parse(readFileSync('test/oracle/resize.json', 'utf8')) as { resize: Case[] };

/** Both sides round values up to 255 to float32; Pillow twice, between its passes too. */
const tolerance = 255 * 2 ** -24 * 4;

function image(values: readonly number[], [height, width, channels]: readonly [number, number, number]): Image {
  return { height, width, channels, data: Float32Array.from(values) };
}

const largestDifference = (a: ArrayLike<number>, b: readonly number[]) =>
  b.reduce((most, value, k) => Math.max(most, Math.abs(value - (a[k] ?? Number.NaN))), 0);

const images = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 }))
  .chain(([height, width, channels]) =>
    fc
      .array(fc.integer({ min: 0, max: 255 }), {
        minLength: height * width * channels,
        maxLength: height * width * channels,
      })
      .map((values) => image(values, [height, width, channels])),
  );
const size = fc.integer({ min: 1, max: 20 });

describe('resizeBilinear', () => {
  test.each(resize)(
    'agrees with the formula, $dims to $size',
    ({ image: values, dims, size: [height, width], bilinear }) => {
      const { data } = resizeBilinear(image(values, dims), height, width, false);
      expect(data).toHaveLength(bilinear.length);
      expect(largestDifference(data, bilinear)).toBeLessThanOrEqual(tolerance);
    },
  );

  test.each(resize)('agrees with Pillow when antialiased, $dims to $size', (expected) => {
    const { data } = resizeBilinear(image(expected.image, expected.dims), ...expected.size, true);
    expect(data).toHaveLength(expected.antialiased.length);
    expect(largestDifference(data, expected.antialiased)).toBeLessThanOrEqual(tolerance);
  });

  test('gives the values published for ONNX Resize, linear, half_pixel', () => {
    // onnx.ai/onnx/operators/onnx__Resize.html: resize_upsample_scales_linear, resize_downsample_scales_linear
    const up = resizeBilinear(image([1, 2, 3, 4], [2, 2, 1]), 4, 4, false);
    expect([...up.data]).toEqual([1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4]);
  });

  test('keeps a constant image constant, antialiased or not', () => {
    fc.assert(
      fc.property(size, size, size, size, fc.boolean(), (h, w, height, width, antialias) => {
        const { data } = resizeBilinear(image(Array<number>(h * w).fill(200), [h, w, 1]), height, width, antialias);
        return (
          data.length === height * width && largestDifference(data, Array<number>(data.length).fill(200)) <= tolerance
        );
      }),
    );
  });

  test('never leaves the range of the pixels, and mirrors with the image', () => {
    fc.assert(
      fc.property(images, size, size, fc.boolean(), (source, height, width, antialias) => {
        const [low, high] = [Math.min(...source.data), Math.max(...source.data)];
        const resized = resizeBilinear(source, height, width, antialias);
        const mirrored = resizeBilinear(mirror(source), height, width, antialias);
        expect(largestDifference(mirror(mirrored).data, [...resized.data])).toBeLessThanOrEqual(tolerance);
        expect(resized.data.every((value) => value >= low - tolerance && value <= high + tolerance)).toBe(true);
      }),
    );
  });

  test('is the same with and without antialias where the image grows', () => {
    fc.assert(
      fc.property(images, fc.nat(9), fc.nat(9), (source, rows, columns) => {
        const [height, width] = [source.height + rows, source.width + columns];
        const plain = resizeBilinear(source, height, width, false);
        expect(
          largestDifference(resizeBilinear(source, height, width, true).data, [...plain.data]),
        ).toBeLessThanOrEqual(tolerance);
      }),
    );
  });
});

function mirror({ height, width, channels, data }: Image): Image {
  const result = data.map((_, k) => {
    const [pixel, c] = [Math.floor(k / channels), k % channels];
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return data[(y * width + width - 1 - x) * channels + c] ?? Number.NaN;
  });
  return { height, width, channels, data: result };
}
