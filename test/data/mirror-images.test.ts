import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mirrorImages } from '../../src/data/index.ts';

function feed(dims: readonly number[]) {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return { x: { dtype: 'float32' as const, dims, data: Float32Array.from({ length: size }, (_, at) => at) } };
}

const shapes = fc
  .record({
    count: fc.nat({ max: 3 }),
    height: fc.integer({ min: 4, max: 6 }),
    width: fc.integer({ min: 4, max: 7 }),
    channels: fc.constantFrom(1, 3),
    first: fc.boolean(),
  })
  .map(({ count, height, width, channels, first }) =>
    first ? [count + 1, channels, height, width] : [count + 1, height, width, channels],
  );

describe('images in a mirror', () => {
  test('have left and right exchanged, whatever the layout', () => {
    expect(mirrorImages(feed([1, 1, 2, 3]))?.['x']?.data).toEqual(Float32Array.of(2, 1, 0, 5, 4, 3));
    expect(mirrorImages(feed([1, 1, 2, 3]))?.['x']?.dims).toEqual([1, 1, 2, 3]);
    expect(mirrorImages(feed([1, 1, 4, 3]))?.['x']?.data).toEqual(
      Float32Array.of(2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9),
    );
    expect(mirrorImages(feed([1, 4, 2, 3]))?.['x']?.data).toEqual(
      Float32Array.of(
        ...[3, 4, 5, 0, 1, 2],
        ...[9, 10, 11, 6, 7, 8],
        ...[15, 16, 17, 12, 13, 14],
        ...[21, 22, 23, 18, 19, 20],
      ),
    );
  });

  test('are as they were in a mirror again', () => {
    fc.assert(
      fc.property(shapes, (dims) => {
        const given = feed(dims);
        const mirrored = mirrorImages(given);
        expect(mirrored && mirrorImages(mirrored)).toEqual(given);
      }),
    );
  });

  test('are not made of anything but one input of gray or colour images', () => {
    expect(mirrorImages(feed([2, 12]))).toBeUndefined();
    expect(mirrorImages(feed([2, 6, 5, 5]))).toBeUndefined();
    expect(mirrorImages({ ...feed([1, 3, 4, 4]), y: feed([1, 3, 4, 4]).x })).toBeUndefined();
  });
});
