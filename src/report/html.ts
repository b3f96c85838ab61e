import { costBars } from './cost-bars.ts';
import { escapeHtml } from './escape-html.ts';
import { groupCells, groupColumns, groupSummary } from './group-table.ts';
import { nodeCells, nodeColumns, nodeSummary } from './node-table.ts';
import type { Report } from './report.ts';
import { calibrationLine, summaryCells, summaryColumns, verificationLines } from './summary-table.ts';

const style = `
:root { color-scheme: light dark; --before: #9aa5b1; --after: #2f7ed8; --quiet: #768390; --rule: #8884; }
body { font: 14px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--rule); white-space: nowrap; }
td:last-child { white-space: normal; }
tr.kept { color: var(--quiet); }
svg { max-width: 100%; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: currentColor; }
.before { fill: var(--before); }
.after { fill: var(--after); }
.wide { overflow-x: auto; }
.warning { border-left: 4px solid #d9a400; padding-left: .6rem; }
code { overflow-wrap: anywhere; }`;

/** One page that needs nothing else: no script, no font, no image from anywhere. */
export function toHtml(report: Report): string {
  const title = `${report.input.file ?? 'model'}: compression report`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${table(summaryColumns, summaryCells(report))}
${list([...[calibrationLine(report) ?? []].flat(), ...verificationLines(report.verification)])}
${report.warnings.map(({ code, message }) => `<p class="warning">${escapeHtml(`${message} [${code}]`)}</p>`).join('\n')}
<h2>Parameters per node</h2>
${costBars(report.nodes, 'params')}
<h2>MACs per node</h2>
${costBars(report.nodes, 'macs')}
<h2>Nodes</h2>
<p>${escapeHtml(nodeSummary(report))}</p>
<div class="wide">${table(nodeColumns, report.nodes.map(nodeCells), (k) => (report.nodes[k]?.method == null ? 'kept' : undefined))}</div>
${groupSection(report)}<h2>To repeat it</h2>
<p>Pipeline <code>${escapeHtml(report.run.pipeline)}</code>, seed ${report.run.seed}, ${escapeHtml(report.run.runtime)}</p>
<p><code>${escapeHtml(report.reproduce.command)}</code></p>
</body>
</html>
`;
}

/** Groups of channels, where a pass prunes. */
function groupSection(report: Report): string {
  const summary = groupSummary(report);
  if (!report.groups || summary === undefined) return '';
  const { pruned, frozen } = report.groups;
  const reasons = frozen.map(({ name, text }) => `${name} stays: ${text}`);
  return [
    '<h2>Channels</h2>',
    `<p>${escapeHtml(summary)}</p>`,
    ...(pruned.length > 0 ? [`<div class="wide">${table(groupColumns, pruned.map(groupCells))}</div>`] : []),
    ...(reasons.length > 0 ? [`<details><summary>Why others stay</summary>${list(reasons)}</details>`] : []),
    '',
  ].join('\n');
}

function table(
  columns: readonly { readonly title: string }[],
  rows: readonly (readonly string[])[],
  classOf: (row: number) => string | undefined = () => undefined,
): string {
  const head = columns.map(({ title }) => `<th>${escapeHtml(title)}</th>`).join('');
  const body = rows.map((row, k) => {
    const name = classOf(k);
    return `<tr${name ? ` class="${name}"` : ''}>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
  });
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table>`;
}

function list(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `<ul>\n${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('\n')}\n</ul>`;
}
