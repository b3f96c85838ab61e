import type { Mark, Spec } from 'vega';
import type { FrontierFigures } from './frontier.ts';
import { originalOf, type Panel, panelsOf } from './frontier-dots.ts';
import { type Quality, qualityOf } from './quality.ts';

/** Light colours stand in the file; a viewer that prefers dark replaces each by the one beside it. */
const palette = {
  paper: ['#ffffff', '#0d1117'],
  ink: ['#1f2328', '#e6edf3'],
  faint: ['#d0d7de', '#3d444d'],
  mark: ['#0969da', '#58a6ff'],
  original: ['#9a6700', '#d29922'],
} as const;

const [paper, ink, faint, mark, reference] = [
  palette.paper[0],
  palette.ink[0],
  palette.faint[0],
  palette.mark[0],
  palette.original[0],
];

const size = { width: 420, height: 300 } as const;

const qualityTitles = {
  'top-1': 'top-1 accuracy',
  agreement: 'same answer as the original',
  outputError: 'output error, E‖ŷ−y‖²/Σvar(y)',
} as const;

const straight = { type: 'linear', zero: false, nice: true } as const;

/**
 * The frontier as an SVG file: what points keep against what they cost, and against latency where that was measured and
 * is not the cost itself. Bars are 95 % intervals, the line is the Pareto frontier. The same figures give the same bytes.
 *
 * ECharts was tried: 67 MB on disk against 16 MB. Vega-Lite needs Node 22.
 */
export async function frontierSvg(frontier: FrontierFigures): Promise<string> {
  const { parse, View } = await import('vega');
  const view = new View(parse(specOf(frontier)), { renderer: 'none' });
  try {
    const svg = await view.toSVG();
    return `${svg.replace(/^(<svg[^>]*>)/, `$1${darkStyle()}`)}\n`;
  } finally {
    view.finalize();
  }
}

function darkStyle(): string {
  const rules = Object.values(palette).map(
    ([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`,
  );
  return `<style>@media (prefers-color-scheme: dark){${rules.join('')}}</style>`;
}

function specOf(frontier: FrontierFigures): Spec {
  const { points, over, model } = frontier;
  const quality = qualityOf(points);
  const panels = panelsOf(points, over, quality);
  const original = originalOf(points, quality);
  const dots = panels.flatMap((panel) => panel.dots);
  const ys = [original, ...dots.flatMap(({ yLow, yHigh }) => [yLow, yHigh])];
  // Where all is the same there has to be an axis all the same.
  const edge = Math.max(...ys) > Math.min(...ys) ? 0 : 0.01;
  const told = quality ? qualityTitles[quality.kind] : 'not judged';
  const title = `${model.file?.split(/[/\\]/).at(-1) ?? 'model'}: ${points.length} models, ${told}`;
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    description: title,
    background: paper,
    padding: 12,
    title: { text: title, color: ink, fontSize: 13, anchor: 'start', offset: 8 },
    layout: { columns: panels.length, padding: 28 },
    scales: [
      { ...straight, name: 'y', domain: [Math.min(...ys) - edge, Math.max(...ys) + edge], range: [size.height, 0] },
    ],
    marks: panels.map((panel, at) => groupOf(panel, at, quality?.kind ?? 'outputError', original)),
  };
}

function groupOf({ title, dots }: Panel, at: number, kind: Quality['kind'], original: number): Mark {
  const text = { labelColor: ink, titleColor: ink, domainColor: ink, tickColor: ink, gridColor: faint, grid: true };
  const [data, line] = [`dots-${at}`, `frontier-${at}`];
  const widest = Math.max(1, ...dots.map(({ xHigh }) => xHigh));
  return {
    type: 'group',
    encode: { update: { width: { value: size.width }, height: { value: size.height } } },
    signals: Object.entries(size).map(([name, value]) => ({ name, value })),
    data: [
      { name: data, values: [...dots] },
      {
        name: line,
        source: data,
        transform: [
          { type: 'filter', expr: 'datum.frontier' },
          { type: 'collect', sort: { field: 'x' } },
        ],
      },
    ],
    scales: [{ ...straight, name: 'x', domain: [0, widest], range: [0, size.width] }],
    axes: [
      { orient: 'bottom', scale: 'x', title, ...text },
      {
        orient: 'left',
        scale: 'y',
        title: at === 0 ? qualityTitles[kind] : '',
        format: kind === 'outputError' ? '~g' : '~%',
        ...text,
      },
    ],
    marks: [
      originalRule(original),
      bar(data, 'yLow', 'yHigh', 'y'),
      bar(data, 'xLow', 'xHigh', 'x'),
      {
        type: 'line',
        aria: false,
        from: { data: line },
        encode: { enter: { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' }, stroke: { value: mark } } },
      },
      {
        type: 'symbol',
        from: { data },
        encode: {
          enter: {
            x: { scale: 'x', field: 'x' },
            y: { scale: 'y', field: 'y' },
            size: { value: 48 },
            stroke: { value: mark },
            strokeWidth: { value: 1.5 },
            fill: [{ test: 'datum.frontier', value: mark }, { value: paper }],
            description: { signal: "datum.wanted + ' wanted: ' + datum.x + ', ' + datum.y" },
          },
        },
      },
    ],
  };
}

function originalRule(original: number): Mark {
  const y = { scale: 'y', value: original };
  return {
    type: 'group',
    aria: false,
    marks: [
      {
        type: 'rule',
        encode: {
          enter: {
            x: { value: 0 },
            x2: { value: size.width },
            y,
            stroke: { value: reference },
            strokeDash: { value: [4, 3] },
          },
        },
      },
      {
        type: 'text',
        encode: {
          enter: {
            x: { value: 4 },
            y,
            dy: { value: -4 },
            text: { value: 'original' },
            fill: { value: reference },
            fontSize: { value: 10 },
          },
        },
      },
    ],
  };
}

/** An interval along one axis, at the point's place on the other. */
function bar(data: string, low: string, high: string, along: 'x' | 'y'): Mark {
  const across = along === 'x' ? 'y' : 'x';
  return {
    type: 'rule',
    aria: false,
    from: { data },
    encode: {
      enter: {
        [along]: { scale: along, field: low },
        [`${along}2`]: { scale: along, field: high },
        [across]: { scale: across, field: across },
        stroke: { value: mark },
        strokeOpacity: { value: 0.55 },
      },
    },
  };
}
