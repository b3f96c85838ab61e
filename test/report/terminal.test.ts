import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Report, toTerminal } from '../../src/report/index.ts';
import { expectGolden } from '../support/golden.ts';
import { exampleReport, prunedReport } from './example-report.ts';

const bare: Report = {
  ...exampleReport,
  input: { ...exampleReport.input, macs: null, activationBytes: null },
  output: { ...exampleReport.output, macs: null, activationBytes: null },
  targets: [{ kind: 'params', wanted: '0.3x', reached: '0.43x', met: false }],
  nodes: [],
  verification: { exact: null, approximate: null, metric: null, unverified: 'opset 27 is not supported' },
  benchmark: null,
  warnings: [],
};

describe('toTerminal', () => {
  test('tells nodes, before and after, checks, targets and warnings', () => {
    expectGolden('report/terminal.txt', toTerminal(exampleReport));
  });

  test('tells in colour', () => {
    expectGolden('report/terminal-colour.txt', toTerminal(exampleReport, { color: true }));
  });

  test('tells which groups of channels lost filters, and why others did not', () => {
    expectGolden('report/terminal-pruned.txt', toTerminal(prunedReport));
  });

  test('tells in one line that no group lost any', () => {
    const groups = prunedReport.groups && { ...prunedReport.groups, pruned: [] };
    const lines = toTerminal({ ...prunedReport, groups }).split('\n');
    expect(lines.filter((line) => !toTerminal(exampleReport).includes(line))).toEqual([
      ' none of 14 groups of channels lost filters; frozen: 1 graph-output, 1 mixes-channels',
    ]);
  });

  test('tells in 80 columns', () => {
    expectGolden('report/terminal-80.txt', toTerminal(exampleReport, { width: 80 }));
  });

  test('leaves out what was not measured', () => {
    expectGolden('report/terminal-bare.txt', toTerminal(bare));
  });

  test('says the same with and without colour', () => {
    expect(stripVTControlCharacters(toTerminal(exampleReport, { color: true }))).toBe(toTerminal(exampleReport));
  });

  test('keeps the node table within the width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 200 }), fc.string({ maxLength: 300 }), (width, name) => {
        const nodes = exampleReport.nodes.map((node) => ({ ...node, name }));
        const [table = ''] = toTerminal({ ...exampleReport, nodes }, { width }).split('\n\n');
        expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
        expect(table.split('\n')).toHaveLength(nodes.length + 2);
      }),
    );
  });

  test('lets no control sequence from a model reach the terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const hostile = `\u001b[31m${text}\u001b]8;;http://x\u0007\u202e\r\n`;
        const [first] = exampleReport.nodes;
        const told = toTerminal({
          ...exampleReport,
          nodes: first ? [{ ...first, name: hostile, method: null, skipped: { code: 'no-gain', text: hostile } }] : [],
          run: { ...exampleReport.run, pipeline: hostile },
          warnings: [{ code: 'x', message: hostile }],
          verification: { ...exampleReport.verification, unverified: hostile },
        });
        expect(told.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
      }),
    );
  });
});
