import { describe, expect, test } from '@jest/globals';
import { parseTarget } from '../../src/pipeline/goal.ts';
import { targetsOf } from '../../src/pipeline/goal-report.ts';

const before = { params: 1000, macs: 4000, bytes: 5000 };
const after = { params: 500, macs: 1600, bytes: 2600 };

function benchmark(ratio: number, ci95: [number, number]) {
  return {
    protocol: '30 pairs',
    before: { p50: 6, p90: 7 },
    after: { p50: 6 / ratio, p90: 7 / ratio },
    ratio,
    ci95,
    machine: 'a machine',
  };
}

function toldOf(text: string, timed: ReturnType<typeof benchmark> | null) {
  const goal = { targets: [parseTarget(text)], losses: [] };
  return targetsOf({ goal, losses: [] } as unknown as Parameters<typeof targetsOf>[0], before, after, timed)[0];
}

describe('what became of a target', () => {
  test.each([
    ['macs=0.4x', '0.400x', true],
    ['macs=0.39x', '0.400x', false],
    ['params=500', '500', true],
    ['size=2.5KB', '2600', false],
  ])('is known exactly but for times: %s', (text, reached, met) => {
    expect(toldOf(text, null)).toMatchObject({ reached, met });
  });

  test.each([
    ['the whole interval is within', [2.02, 2.1], true],
    ['the interval reaches it', [1.9, 2.05], true],
    ['no part of the interval reaches it', [1.8, 1.99], false],
  ] as const)('is told with the interval of times, and holds where %s', (_, [low, high], met) => {
    const ratio = (low + high) / 2;
    const share = (value: number) => (1 / value).toFixed(3);
    expect(toldOf('latency=0.5x', benchmark(ratio, [low, high]))).toEqual({
      kind: 'latency',
      wanted: '0.5x',
      reached: `${share(ratio)}x (95 % interval ${share(high)} to ${share(low)})`,
      met,
    });
  });

  test('is told in milliseconds where these were asked for', () => {
    expect(toldOf('latency=3ms', benchmark(2.5, [2.4, 2.6]))).toMatchObject({
      reached: '2.40ms (95 % interval 2.31 to 2.50)',
      met: true,
    });
  });

  test('is not known where no time could be taken', () => {
    expect(toldOf('latency=0.5x', null)).toMatchObject({ reached: 'not known', met: false });
  });
});
