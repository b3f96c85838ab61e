import { describe, expect, test } from '@jest/globals';
import { type Report, toJson } from '../../src/report/index.ts';
import { exampleReport } from './example-report.ts';

function reversed<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  ) as T;
}

describe('toJson', () => {
  test('reads back as the report', () => {
    expect(JSON.parse(toJson(exampleReport))).toEqual(exampleReport);
  });

  test('is the same text whatever the order of keys', () => {
    const fixed: Report = { ...exampleReport, run: { ...exampleReport.run, seconds: { read: 1 } } };
    expect(toJson(reversed(fixed))).toBe(toJson(fixed));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %d, which JSON would lose', (weightError) => {
    const nodes = exampleReport.nodes.map((node) => ({ ...node, weightError }));
    expect(() => toJson({ ...exampleReport, nodes })).toThrow('weightError');
  });
});
