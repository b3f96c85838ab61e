import { describe, expect, test } from '@jest/globals';
import { planRows } from '../../src/observe/row-plan.ts';
import { drawPositions } from '../../src/observe/sample-positions.ts';

const base = { samples: 512, copies: 1, perSample: 1024, patch: 144, positions: 32, seed: 0, name: 'conv' };

describe('the choice of rows', () => {
  test('draws distinct positions, the same for the same seed, node and sample', () => {
    const drawn = drawPositions(1024, 40, 7, 'conv', 3);
    expect(new Set(drawn).size).toBe(40);
    expect([...drawn].every((position) => position >= 0 && position < 1024)).toBe(true);
    expect(drawPositions(1024, 40, 7, 'conv', 3)).toEqual(drawn);
    expect(drawPositions(1024, 40, 7, 'conv', 4)).not.toEqual(drawn);
    expect(drawPositions(1024, 40, 8, 'conv', 3)).not.toEqual(drawn);
    expect(drawPositions(1024, 40, 7, 'other', 3)).not.toEqual(drawn);
  });

  test('takes every position where there are no more than wanted', () => {
    expect([...drawPositions(5, 9, 0, 'conv', 0)]).toEqual([0, 1, 2, 3, 4]);
  });

  test('judges by every sixteenth sample, which no fit sees, where there are rows enough', () => {
    const plan = planRows(base);
    expect([...plan.draw(15, 0, 1024).fitted]).toEqual([]);
    expect(plan.draw(15, 0, 1024).heldBack.length).toBe(32);
    expect(plan.draw(11, 0, 1024).fitted.length).toBe(32);
    expect([...plan.draw(11, 0, 1024).heldBack]).toEqual([]);
    expect([plan.fitted, plan.heldBack]).toEqual([480 * 32, 32 * 32]);
  });

  test('draws more positions where a patch has many numbers, up to four times as many', () => {
    expect(planRows({ ...base, patch: 4608 }).fitted).toBe(480 * 72);
    expect(planRows({ ...base, patch: 46_080 }).fitted).toBeLessThanOrEqual(512 * 128);
  });

  test('keeps every eighth sample back where rows are fewer than four for each number', () => {
    const plan = planRows({ ...base, perSample: 1, patch: 784 });
    const draws = Array.from({ length: 512 }, (_, sample) => plan.draw(sample, 0, 1));
    expect(draws.filter(({ heldBack }) => heldBack.length > 0).length).toBe(64);
    expect(draws.every(({ fitted, heldBack }) => fitted.length + heldBack.length === 1)).toBe(true);
    expect(plan.fitted).toBe(448);
  });

  test('sees copies of the samples, at other positions, but none of those that judge', () => {
    const plan = planRows({ ...base, copies: 2 });
    expect([plan.fitted, plan.heldBack]).toEqual([2 * 480 * 32, 32 * 32]);
    expect(plan.draw(3, 1, 1024).fitted.length).toBe(32);
    expect(plan.draw(3, 1, 1024).fitted).not.toEqual(plan.draw(3, 0, 1024).fitted);
    expect(plan.draw(15, 1, 1024)).toEqual({ fitted: new Int32Array(), heldBack: new Int32Array() });
  });

  test('keeps nothing back of a handful of samples', () => {
    const plan = planRows({ ...base, samples: 5, perSample: 1 });
    expect([plan.fitted, plan.heldBack]).toEqual([5, 0]);
  });
});
