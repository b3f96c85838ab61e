import { describe, expect, test } from '@jest/globals';
import { goalOf, goalTexts, parseTarget } from '../../src/pipeline/goal.ts';

describe('a goal', () => {
  test.each([
    ['macs=0.5x', { kind: 'macs', unit: 'ratio', most: 0.5, text: '0.5x' }],
    ['params=2M', { kind: 'params', unit: 'amount', most: 2e6, text: '2M' }],
    ['size=4MB', { kind: 'size', unit: 'amount', most: 4e6, text: '4MB' }],
    ['size=1.5MiB', { kind: 'size', unit: 'amount', most: 1.5 * 2 ** 20, text: '1.5MiB' }],
    ['latency=3ms', { kind: 'latency', unit: 'amount', most: 3, text: '3ms' }],
    ['latency=.42x', { kind: 'latency', unit: 'ratio', most: 0.42, text: '.42x' }],
  ])('reads %s', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  test.each([
    ['mac=0.5x', /Did you mean "macs"/],
    ['macs=2x', /more than 0x and at most 1x.*write 0\.5x/],
    ['macs=0x', /more than 0x/],
    ['size=4ms', /expected size=… with 0\.5x or 4MB/],
    ['latency=fast', /expected latency=… with/],
    ['macs', /expected macs=…/],
    ['macs=1=2', /expected one "="/],
    ['latency=-3ms', /expected latency=…/],
  ])('refuses %s and says what is expected', (text, message) => {
    expect(() => parseTarget(text)).toThrow(message);
  });

  test('is there only where one was named, and names no cost twice', () => {
    expect(goalOf({})).toBeUndefined();
    expect(goalOf({ maxDrop: 1 })).toEqual({ targets: [], losses: [{ kind: 'drop', most: 1 }] });
    expect(() => goalOf({ targets: ['macs=0.5x', 'macs=0.4x'] })).toThrow(/macs is given twice/);
    expect(() => goalOf({ maxKl: -1 })).toThrow(/--max-kl: -1 is no bound/);
  });

  test('is written as the options that name it', () => {
    const goal = goalOf({ targets: ['macs=0.5x', 'size=4MB'], maxDrop: 1, maxError: 0.02 });
    expect(goal && goalTexts(goal)).toEqual(['macs=0.5x', 'size=4MB', 'max-drop=1', 'max-error=0.02']);
  });
});
