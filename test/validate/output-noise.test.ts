import { describe, expect, test } from '@jest/globals';
import { Node, Value } from '../../src/ir/index.ts';
import { plainBlas, seededRandom } from '../../src/numerics/index.ts';
import { OutputMoments, OutputNoise } from '../../src/validate/output-noise.ts';

const [channels, positions] = [6, 400];
const node = (opType: 'Conv' | 'MatMul') =>
  new Node({ name: 'n', opType, inputs: [new Value('x'), new Value('w')], outputs: [new Value('y')] });

/** Channels of quite different spread around means of their own that have most of what they do in common. */
function outputs(seed: number) {
  const random = seededRandom(seed, 'outputs');
  const common = random.normals(positions);
  const own = random.normals(channels * positions);
  return Float64Array.from(own, (value, at) => {
    const channel = Math.floor(at / positions);
    return 5 - channel + (1 + channel) * ((common[at % positions] as number) + 0.3 * value);
  });
}

async function noiseOf(samples: readonly Float64Array[], size = 0.1) {
  const moments = new OutputMoments(node('Conv'));
  const tensors = samples.map((data) => ({ dtype: 'float64', dims: [1, channels, 20, 20], data }) as const);
  for (const tensor of tensors) await moments.add(tensor, plainBlas);
  const noise = await OutputNoise.of(moments, size, seededRandom(0, 'noise'), plainBlas);
  const errors = await Promise.all(tensors.map((tensor) => noise.error(moments.rowsOf(tensor), plainBlas)));
  return { moments, errors };
}

/** E[a·b] over the positions of two channels. */
function product(a: Float64Array, i: number, b: Float64Array, j: number): number {
  let sum = 0;
  for (let at = 0; at < positions; at++) sum += (a[i * positions + at] as number) * (b[j * positions + at] as number);
  return sum / positions;
}

describe('errors made up for a node', () => {
  test('have the wanted part of the standard deviation of each channel, and no mean', async () => {
    const { moments, errors } = await noiseOf(Array.from({ length: 40 }, (_, seed) => outputs(seed)));
    for (let channel = 0; channel < channels; channel++) {
      const squares = errors.reduce((sum, error) => sum + product(error, channel, error, channel), 0) / errors.length;
      expect(squares / (moments.variances[channel] as number)).toBeCloseTo(0.01, 2);
      const mean =
        errors.reduce((sum, error) => {
          return sum + error.subarray(channel * positions, (channel + 1) * positions).reduce((a, b) => a + b, 0);
        }, 0) /
        (errors.length * positions);
      expect(Math.abs(mean)).toBeLessThan(0.02 * Math.sqrt(moments.variances[channel] as number));
    }
  });

  test('are not correlated with one another, as the outputs are', async () => {
    const samples = Array.from({ length: 40 }, (_, seed) => outputs(seed));
    const { errors, moments } = await noiseOf(samples);
    const correlation = (of: readonly Float64Array[], i: number, j: number) => {
      const all = (a: number, b: number) => of.reduce((sum, one) => sum + product(one, a, one, b), 0);
      return all(i, j) / Math.sqrt(all(i, i) * all(j, j));
    };
    const centred = samples.map((data) =>
      data.map((value, at) => value - (moments.means[Math.floor(at / positions)] as number)),
    );
    expect(correlation(centred, 1, 4)).toBeGreaterThan(0.8);
    for (let i = 1; i < channels; i++) expect(Math.abs(correlation(errors, 0, i))).toBeLessThan(0.3);
  });

  test('stay the same where outputs do', async () => {
    const constant = (seed: number) => {
      const levels = seededRandom(seed, 'levels').normals(channels);
      return Float64Array.from(
        { length: channels * positions },
        (_, at) => levels[Math.floor(at / positions)] as number,
      );
    };
    const { errors } = await noiseOf(Array.from({ length: 30 }, (_, seed) => constant(seed)));
    for (const error of errors)
      for (let at = 1; at < positions; at++) expect(error[at]).toBeCloseTo(error[0] as number, 12);
  });

  test('are white where too few rows tell how channels go together', async () => {
    const moments = new OutputMoments(node('MatMul'));
    const y = {
      dtype: 'float32',
      dims: [2, channels],
      data: Float32Array.from({ length: 12 }, (_, i) => i * i),
    } as const;
    await moments.add(y, plainBlas);
    expect(moments.variances).toEqual(
      Float64Array.from({ length: channels }, (_, i) => ((6 + i) ** 2 - i ** 2) ** 2 / 4),
    );
    const rows = moments.rowsOf(y);
    const noise = await OutputNoise.of(moments, 1, seededRandom(0, 'noise'), plainBlas);
    const error = await noise.error(rows, plainBlas);
    const drawn = seededRandom(0, 'noise').normals(2 * channels);
    expect(error[3]).toBeCloseTo((drawn[3] as number) * Math.sqrt(moments.variances[1] as number), 12);
  });
});
