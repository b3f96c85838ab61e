import { describe, expect, test } from '@jest/globals';
import { toHtml } from '../../src/report/index.ts';
import { expectGolden } from '../support/golden.ts';
import { exampleReport, prunedReport } from './example-report.ts';

const [rewritten] = exampleReport.nodes;

/** Widths of the bars before and after, in the order of the nodes, of the first of the two plots. */
function bars(html: string) {
  const [plot = ''] = html.split('</svg>');
  const widths = [...plot.matchAll(/<rect class="(before|after)"[^>]* width="([\d.]+)"/g)];
  return widths.map(([, kind, width]) => ({ kind, width: Number(width) }));
}

describe('toHtml', () => {
  test('tells the same tables, with bars', () => {
    expectGolden('report/report.html', toHtml(exampleReport));
  });

  test('tells which groups of channels lost filters, and why others did not', () => {
    const [, section = ''] = toHtml(prunedReport).split('<h2>Channels</h2>');
    expect(section).toContain('<td>64→48</td><td>0.031</td><td>−55.3k</td><td>−173M</td>');
    expect(section).toContain('layer4.1.conv1 stays: Softmax attention reads all of them');
    expect(toHtml(exampleReport)).not.toContain('<h2>Channels</h2>');
  });

  test('loads nothing from anywhere', () => {
    expect(toHtml(exampleReport)).not.toMatch(/<script|<link|<img|<iframe|src=|href=|url\(|@import|https?:/i);
  });

  test('shows names from a model as text', () => {
    const name = `<script>alert("1")</script>&'`;
    const html = toHtml({
      ...exampleReport,
      input: { ...exampleReport.input, file: name },
      nodes: exampleReport.nodes.map((node) => ({ ...node, name })),
      warnings: [{ code: name, message: name }],
    });
    expect(html).not.toContain('<script');
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;');
  });

  test('draws bars on one scale', () => {
    const [before, after] = bars(toHtml(exampleReport));
    expect(before?.kind).toBe('before');
    // Widths are written with one decimal.
    const expected = ((rewritten?.after?.params ?? 0) / (rewritten?.before?.params ?? 1)) * (before?.width ?? 0);
    expect(Math.abs((after?.width ?? 0) - expected)).toBeLessThanOrEqual(0.1);
  });

  test('draws the largest nodes where there are too many', () => {
    const nodes = Array.from({ length: 100 }, (_, k) => {
      const cost = { params: k + 1, macs: null };
      return {
        ...exampleReport.nodes[0],
        name: `node${k}`,
        before: cost,
        after: cost,
      } as (typeof exampleReport.nodes)[number];
    });
    const html = toHtml({ ...exampleReport, nodes });
    expect(bars(html)).toHaveLength(2 * 60);
    expect(html).toContain('the 60 largest of 100');
    expect(html).toContain('not known: shapes are open');
  });
});
