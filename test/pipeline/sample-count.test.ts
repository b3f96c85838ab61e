import { describe, expect, test } from '@jest/globals';
import { areFew, comparisonSamples, samplesWanted } from '../../src/pipeline/sample-count.ts';
import { ModelBuilder } from '../support/small-models.ts';

/** A convolution that makes each output from 9·width numbers. */
function convolution(width: number) {
  return new ModelBuilder()
    .input('x', ['N', width, 8, 8])
    .random('w', [4, width, 3, 3])
    .node('Conv', ['x', 'w'], 'y')
    .output('y').model;
}

describe('without a word of how many', () => {
  test('512 samples are drawn, and twice as many for wide operators', () => {
    expect(samplesWanted(convolution(16), 'normal')).toBe(512);
    expect(samplesWanted(convolution(256), 'normal')).toBe(1024);
    // More positions of each sample are rows, too.
    expect(samplesWanted(convolution(256), 'max')).toBe(512);
  });

  test('candidates are compared by what the widest operator needs', () => {
    expect(comparisonSamples(convolution(16))).toBe(256);
    const wide = convolution(128);
    expect(areFew(comparisonSamples(wide), wide, 'fast')).toBe(false);
    expect(areFew(comparisonSamples(wide) - 1, wide, 'fast')).toBe(true);
  });
});
