import { escapeHtml } from './escape-html.ts';
import { shortCount } from './numbers.ts';
import type { ReportNode } from './report.ts';
import { cutEnd } from './text-table.ts';

const label = 260;
const longest = 560;
const line = 22;
const bar = 8;

/** Beyond this many nodes the small ones are left out: they would be no wider than a hair. */
const most = 60;

/** Two bars per node, before above after, on one linear scale; an SVG element to stand in a page. */
export function costBars(nodes: readonly ReportNode[], cost: 'params' | 'macs'): string {
  const known = nodes.flatMap(({ name, before, after }) => {
    const original = before?.[cost] ?? null;
    return original === null ? [] : [{ name, before: original, after: after?.[cost] ?? original }];
  });
  if (known.length === 0) return '<p>not known: shapes are open</p>';
  const smallest = known.map((node) => node.before).sort((a, b) => b - a)[most - 1] ?? 0;
  const shown = known.filter((node) => node.before >= smallest).slice(0, most);
  const scale = longest / Math.max(1, ...shown.flatMap((node) => [node.before, node.after]));
  const width = label + longest + 110;
  const bars = shown.map((node, k) => nodeBars(node, k * line, scale));
  const note = shown.length < known.length ? `<p>the ${shown.length} largest of ${known.length}</p>` : '';
  return `<svg viewBox="0 0 ${width} ${shown.length * line}" width="${width}" role="img">\n${bars.join('\n')}\n</svg>${note}`;
}

function nodeBars(node: { name: string; before: number; after: number }, y: number, scale: number): string {
  const value =
    node.after === node.before ? shortCount(node.before) : `${shortCount(node.before)}→${shortCount(node.after)}`;
  const end = label + Math.max(node.before, node.after) * scale;
  return [
    `<g><title>${escapeHtml(`${node.name}: ${value}`)}</title>`,
    `<text x="${label - 8}" y="${y + 14}" text-anchor="end">${escapeHtml(cutEnd(node.name, 40))}</text>`,
    `<rect class="before" x="${label}" y="${y + 2}" width="${(node.before * scale).toFixed(1)}" height="${bar}"/>`,
    `<rect class="after" x="${label}" y="${y + 2 + bar}" width="${(node.after * scale).toFixed(1)}" height="${bar}"/>`,
    `<text x="${(end + 6).toFixed(1)}" y="${y + 14}">${escapeHtml(value)}</text></g>`,
  ].join('');
}
