import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import { read } from 'vega';
import {
  frontierCsv,
  frontierFiguresSchema,
  frontierSvg,
  frontierTable,
  paretoFrontier,
} from '../../src/report/index.ts';
import { exampleFrontier, examplePoint } from './example-frontier.ts';

const { points } = exampleFrontier;

describe('paretoFrontier', () => {
  const rated = fc.record({ cost: fc.integer({ min: 0, max: 6 }), loss: fc.integer({ min: 0, max: 6 }) });

  test('marks those, and only those, that no other one beats', () => {
    fc.assert(
      fc.property(fc.array(rated, { maxLength: 12 }), (all) => {
        const marked = paretoFrontier(all);
        for (const [k, one] of all.entries()) {
          const beaten = all.some(
            ({ cost, loss }) => cost <= one.cost && loss <= one.loss && cost + loss < one.cost + one.loss,
          );
          expect(marked[k]).toBe(!beaten);
        }
      }),
    );
  });

  test('rises in loss where it falls in cost, and marks something', () => {
    fc.assert(
      fc.property(fc.array(rated, { minLength: 1 }), (all) => {
        const marked = paretoFrontier(all);
        const front = all.filter((_, k) => marked[k]).toSorted((a, b) => a.cost - b.cost);
        expect(front.length).toBeGreaterThan(0);
        for (const [k, { loss }] of front.slice(1).entries()) expect(loss).toBeLessThanOrEqual(front[k]?.loss ?? 0);
      }),
    );
  });

  test('never marks what is not known', () => {
    expect(paretoFrontier([undefined, { cost: 1, loss: 1 }])).toEqual([false, true]);
  });
});

test('the example keeps to the schema', () => {
  expect(frontierFiguresSchema.parse(exampleFrontier)).toEqual(exampleFrontier);
});

describe('as CSV', () => {
  test('another reader finds the figures', () => {
    const rows = read(frontierCsv(exampleFrontier), { type: 'csv', parse: 'auto' });
    expect(rows).toHaveLength(points.length);
    for (const [k, row] of rows.entries()) {
      const { wanted, met, why, reached, accuracy, frontier } = points[k] ?? examplePoint(1, 1);
      expect(row).toMatchObject({
        ...{ wanted, met, why, frontier },
        macs: reached.macs,
        macs_ratio: reached.ratio.macs,
        top1: accuracy?.after,
        difference_low: accuracy?.ci95[0],
      });
    }
  });

  test('leaves what is not known empty', () => {
    const [first = examplePoint(1, 1)] = points;
    const csv = frontierCsv({ points: [{ ...first, accuracy: null, latency: null }] });
    const [row] = read(csv, { type: 'csv', parse: 'auto' });
    expect(row).toMatchObject({ top1: null, latency_ratio: null, agreement: first.agreement?.top1Agreement });
  });
});

describe('as a table', () => {
  test('tells each point, which are on the frontier, and why one was not reached', () => {
    const lines = frontierTable(exampleFrontier).split('\n');
    expect(lines.filter((line) => /^ \* {2}0\./.test(line))).toHaveLength(3);
    expect(lines.at(-1)).toContain('0.2x was not reached: the nearest that was found is 0.300x');
    expect(lines.join('\n')).toContain('−20.0');
  });

  test('has no columns for what no point has', () => {
    const bare = points.map((point) => ({ ...point, accuracy: null, latency: null }));
    const table = frontierTable({ ...exampleFrontier, points: bare });
    expect(table).not.toMatch(/top-1|latency/);
    expect(table).toContain('agreement');
  });
});

describe('as SVG', () => {
  test('is an image, the same bytes each time, and loads nothing', async () => {
    const svg = await frontierSvg(exampleFrontier);
    expect(await frontierSvg(exampleFrontier)).toBe(svg);
    const { format, width = 0, height = 0 } = await sharp(Buffer.from(svg)).metadata();
    expect([format, width > height, height > 300]).toEqual(['svg', true, true]);
    expect(svg).not.toMatch(/<script|<image|href="|url\(|@import/);
  });

  test('has a mark for each point, a bar for each interval, a line through the frontier and one for the original', async () => {
    const svg = await frontierSvg(exampleFrontier);
    const panels = svg.split('role-scope').slice(1);
    const symbols = svg.match(/aria-label="[^"]* wanted: /g) ?? [];
    expect(symbols).toHaveLength(2 * points.length);
    expect(svg.match(/>original</g)).toHaveLength(2);
    expect(svg.match(/class="mark-line/g)).toHaveLength(2);
    expect(panels.length).toBeGreaterThanOrEqual(2);
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  test('has one panel where no time was measured, and is drawn where nothing was judged', async () => {
    const untimed = points.map((point) => ({ ...point, latency: null }));
    const one = await frontierSvg({ ...exampleFrontier, points: untimed });
    expect(one.match(/>original</g)).toHaveLength(1);
    const unjudged = untimed.map((point) => ({ ...point, accuracy: null, agreement: null }));
    for (const none of [unjudged, []]) {
      const svg = await frontierSvg({ ...exampleFrontier, points: none });
      expect((await sharp(Buffer.from(svg)).metadata()).format).toBe('svg');
    }
  });

  test('shows the name of a model as text', async () => {
    const model = { ...exampleFrontier.model, file: '<script>&"' };
    const svg = await frontierSvg({ ...exampleFrontier, model });
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('&lt;script&gt;');
  });
});
