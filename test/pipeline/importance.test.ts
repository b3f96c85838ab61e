import { describe, expect, test } from '@jest/globals';
import { importances } from '../../src/pipeline/importance.ts';
import type { PlanNode } from '../../src/rewrite/index.ts';

const node = (sensitivity: number | null) => ({ sensitivity }) as PlanNode;

describe('what an error counts', () => {
  test('grows with what arrives at the outputs, and is 1 on the geometric average', () => {
    const [faint, loud, unknown] = [node(0.01), node(0.16), node(null)];
    const importance = importances([faint, loud, unknown]);
    expect(importance(loud) / importance(faint)).toBeCloseTo(16, 12);
    expect(importance(loud) * importance(faint)).toBeCloseTo(1, 12);
    expect(importance(unknown)).toBe(1);
  });

  test('is 1 everywhere where nothing is known', () => {
    expect(importances([node(null)])(node(null))).toBe(1);
  });
});
