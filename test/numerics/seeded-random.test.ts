import { describe, expect, test } from '@jest/globals';
import { frobeniusNorm, seededRandom } from '../../src/numerics/index.ts';

describe('seededRandom', () => {
  test('gives the same stream for the same seed and name, and another one otherwise', () => {
    const draw = (seed: number, name: string) => Array.from(seededRandom(seed, name).normals(20));
    expect(draw(1, 'conv1')).toEqual(draw(1, 'conv1'));
    const streams = [draw(1, 'conv1'), draw(1, 'conv2'), draw(2, 'conv1'), draw(0, ''), draw(0x811c9dc5, '')];
    expect(new Set(streams.map(String)).size).toBe(streams.length);
  });

  test('starts with the numbers it has always started with', () => {
    const random = seededRandom(7, 'conv1/cp');
    expect([random.uniform(), random.uniform(), random.normal()]).toMatchInlineSnapshot(`
[
  0.2716166363006951,
  0.6148237820387061,
  -2.162037801198344,
]
`);
  });

  test('has the moments of the two distributions', () => {
    const random = seededRandom(3, 'moments');
    const count = 100_000;
    const uniforms = Array.from({ length: count }, () => random.uniform());
    const normals = random.normals(count);
    const moment = (values: ArrayLike<number>, power: number) =>
      Array.from(values).reduce((sum, x) => sum + x ** power, 0) / count;
    expect(Math.min(...uniforms.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniforms.slice(0, 50_000))).toBeLessThan(1);
    // Five standard errors: the variances of x, x², x⁴ are 1/12, 4/45 | 1, 2, 96.
    const bound = (variance: number) => 5 * Math.sqrt(variance / count);
    expect(Math.abs(moment(uniforms, 1) - 1 / 2)).toBeLessThan(bound(1 / 12));
    expect(Math.abs(moment(uniforms, 2) - 1 / 3)).toBeLessThan(bound(4 / 45));
    expect(Math.abs(moment(normals, 1))).toBeLessThan(bound(1));
    expect(Math.abs(moment(normals, 2) - 1)).toBeLessThan(bound(2));
    expect(Math.abs(moment(normals, 4) - 3)).toBeLessThan(bound(96));
  });

  test('neighbouring seeds and neighbouring draws are uncorrelated', () => {
    const count = 2000;
    const firsts = Array.from({ length: count }, (_, seed) => seededRandom(seed, 'x').uniform() - 0.5);
    const correlation = firsts.slice(1).reduce((sum, x, i) => sum + x * firsts[i]!, 0) / count;
    expect(Math.abs(correlation)).toBeLessThan(5 / 12 / Math.sqrt(count));
  });
});

describe('frobeniusNorm', () => {
  test('rounds with the logarithm of the length only', () => {
    const count = 3_000_001;
    const data = new Float32Array(count).fill(0.1);
    const exact = Math.fround(0.1) * Math.sqrt(count);
    // A block of 256 squares, then log₂(count/256) = 14 additions.
    expect(Math.abs(frobeniusNorm(data) / exact - 1)).toBeLessThanOrEqual(((256 + 14) / 2) * Number.EPSILON);
    expect(frobeniusNorm(new Float64Array())).toBe(0);
  });
});
