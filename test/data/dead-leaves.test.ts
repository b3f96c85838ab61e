import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deadLeaves } from '../../src/data/dead-leaves.ts';
import { type LeafKind, leafShape, type Span } from '../../src/data/leaf-shape.ts';
import { randomStream } from '../../src/data/random-stream.ts';
import { soften } from '../../src/data/soften.ts';
import { spectrumSlope } from './spectrum-slope.ts';

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** Channels of many pictures as parts of white: three arrays. */
function channels(height: number, width: number, count: number, seed = 0): Float64Array[] {
  const picture = deadLeaves(seed, height, width);
  const pixels = Buffer.concat(Array.from({ length: count }, (_, k) => picture(k)));
  return [0, 1, 2].map((c) =>
    Float64Array.from({ length: pixels.length / 3 }, (_, k) => (pixels[k * 3 + c] ?? 0) / 255),
  );
}

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

function covariance(a: Float64Array, b: Float64Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  return a.reduce((sum, value, k) => sum + (value - meanA) * ((b[k] ?? 0) - meanB), 0) / a.length;
}

describe('deadLeaves', () => {
  test('gives the same bytes on every machine', () => {
    // Raise deadLeavesVersion when these change: reports and files of statistics name it.
    expect([hash(deadLeaves(0, 32, 32)(0)), hash(deadLeaves(0, 32, 32)(511)), hash(deadLeaves(7, 50, 31)(3))]).toEqual([
      '67956a4ca301ba78',
      'e17b6b7ea2b2444d',
      '803f30ff2ed1eae7',
    ]);
  });

  test('makes a picture from seed and position alone, whichever others were made', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(1e6), fc.nat(1e6), (seed, index, other) => {
        const picture = deadLeaves(seed, 9, 12);
        const alone = picture(index);
        const later = deadLeaves(seed, 9, 12);
        later(other);
        expect(later(index)).toEqual(alone);
        if (other !== index) expect(later(other)).not.toEqual(alone);
        expect(deadLeaves(seed + 1, 9, 12)(index)).not.toEqual(alone);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    [1, 1],
    [1, 40],
    [3, 2],
    [300, 2],
  ])('fills a picture of %d × %d', (height, width) => {
    expect(deadLeaves(1, height, width)(0)).toHaveLength(height * width * 3);
  });

  // What is known of photographs: mean 0.40 … 0.50 and deviation 0.22 … 0.28 of each channel in ImageNet and CIFAR,
  // neighbouring channels correlated above 0.85, power falling as f^−2 … f^−3.2 within a picture.
  test.each([
    [32, 128],
    [128, 20],
  ])('has the brightness, contrast and colours of photographs at %d pixels', (side, count) => {
    const [r, g, b] = channels(side, side, count) as [Float64Array, Float64Array, Float64Array];
    for (const channel of [r, g, b]) {
      expect(mean(channel)).toBeGreaterThan(0.4);
      expect(mean(channel)).toBeLessThan(0.5);
      expect(Math.sqrt(covariance(channel, channel))).toBeGreaterThan(0.2);
      expect(Math.sqrt(covariance(channel, channel))).toBeLessThan(0.28);
    }
    const correlation = (x: Float64Array, y: Float64Array) =>
      covariance(x, y) / Math.sqrt(covariance(x, x) * covariance(y, y));
    expect(correlation(r, g)).toBeGreaterThan(0.85);
    expect(correlation(g, b)).toBeGreaterThan(0.85);
    expect(correlation(r, b)).toBeLessThan(Math.min(correlation(r, g), correlation(g, b)));
  });

  test('has the power spectrum of photographs', () => {
    const [, green] = channels(64, 64, 16) as [Float64Array, Float64Array, Float64Array];
    const slope = spectrumSlope(green, 64);
    expect(slope).toBeLessThan(-2);
    expect(slope).toBeGreaterThan(-3.4);
  });

  test('differs from picture to picture in brightness and in the size of what is seen', () => {
    const picture = deadLeaves(3, 32, 32);
    const means = Float64Array.from({ length: 100 }, (_, k) => mean(Float64Array.from(picture(k))) / 255);
    expect(Math.sqrt(covariance(means, means))).toBeGreaterThan(0.08);
    expect(Math.sqrt(covariance(means, means))).toBeLessThan(0.18);
  });
});

describe('leafShape', () => {
  const kinds: LeafKind[] = ['ellipse', 'rectangle', 'triangle'];

  test.each(kinds)('%s has the area of a disk of its radius and lies within its reach', (kind) => {
    const random = randomStream(5, 0);
    for (let k = 0; k < 20; k++) {
      const radius = 40;
      const shape = leafShape(kind, radius, 1 + random.uniform() * 3, random);
      const span: Span = { low: 0, high: 0 };
      let area = 0;
      for (let y = -Math.ceil(shape.reach); y <= shape.reach; y++) {
        shape.span(y, span);
        if (span.low > span.high) continue;
        area += span.high - span.low;
        const farthest = Math.max(Math.abs(span.low), Math.abs(span.high));
        expect(Math.hypot(farthest, y)).toBeLessThanOrEqual(shape.reach * (1 + 1e-9));
      }
      // The sum over rows is off by about a row at both ends of the longest edge.
      expect(Math.abs(area / (Math.PI * radius * radius) - 1)).toBeLessThan(0.03);
    }
  });
});

describe('soften', () => {
  test('keeps the mean of what does not touch the border, and a constant picture', () => {
    const dot = new Float32Array(5 * 5 * 3);
    dot[(2 * 5 + 2) * 3] = 16;
    soften(dot, 5, 5, 1);
    expect(Array.from({ length: 3 }, (_, k) => dot[(2 * 5 + 1 + k) * 3])).toEqual([2, 4, 2]);
    expect(dot.reduce((sum, value) => sum + value, 0)).toBe(16);
    const flat = new Float32Array(4 * 6 * 3).fill(0.5);
    soften(flat, 4, 6, 0.7);
    for (const value of flat) expect(value).toBeCloseTo(0.5, 6);
  });
});

describe('randomStream', () => {
  test('gives independent streams to neighbours', () => {
    const first = Array.from({ length: 2000 }, (_, index) => randomStream(0, index).uniform());
    expect(new Set(first).size).toBeGreaterThan(1990);
    expect(Math.abs(mean(Float64Array.from(first)) - 0.5)).toBeLessThan(0.03);
    const products = first.map((value, k) => (value - 0.5) * ((first[k + 1] ?? 0.5) - 0.5) * 12);
    expect(Math.abs(mean(Float64Array.from(products)))).toBeLessThan(0.1);
  });

  test('is standard in its bell and round in its directions', () => {
    const random = randomStream(1, 1);
    const bells = Float64Array.from({ length: 20_000 }, () => random.bell());
    expect(Math.abs(mean(bells))).toBeLessThan(0.03);
    expect(Math.abs(covariance(bells, bells) - 1)).toBeLessThan(0.04);
    for (let k = 0; k < 100; k++) expect(Math.hypot(...random.direction())).toBeCloseTo(1, 12);
  });
});
