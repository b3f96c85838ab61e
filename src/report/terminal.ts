import { styleText } from 'node:util';
import { groupCells, groupColumns, groupSummary } from './group-table.ts';
import { nodeCells, nodeColumns, nodeSummary } from './node-table.ts';
import type { Report } from './report.ts';
import { calibrationLine, summaryCells, summaryColumns, verificationLines } from './summary-table.ts';
import { cutEnd, printable, textTable } from './text-table.ts';

export interface TerminalOptions {
  /** Colour; whether that is wanted (NO_COLOR, a terminal) is the caller's to know. */
  readonly color?: boolean;
  /** Columns of the terminal; lines are not cut without it. */
  readonly width?: number;
}

type Style = Parameters<typeof styleText>[0];

/** The tables that people read: nodes, before and after, checks, warnings. Ends in a line break. */
export function toTerminal(report: Report, { color = false, width = Infinity }: TerminalOptions = {}): string {
  const paint = (style: Style, text: string) => (color ? styleText(style, text, { validateStream: false }) : text);
  const parts = [
    nodeLines(report, width, paint),
    groupLines(report, width, paint),
    summaryLines(report, paint),
    closingLines(report, width, paint),
  ];
  const told = parts.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${told.join('\n\n')}\n`;
}

type Paint = (style: Style, text: string) => string;

function nodeLines(report: Report, width: number, paint: Paint): string[] {
  if (report.nodes.length === 0) return [' no Conv, ConvTranspose, Gemm or MatMul in this model'];
  const [header = '', ...lines] = textTable(nodeColumns, report.nodes.map(nodeCells), width);
  const body = lines.map((line, k) => (report.nodes[k]?.method == null ? paint('dim', line) : line));
  return [paint('bold', header), ...body, paint('dim', cutEnd(` ${nodeSummary(report)}`, width))];
}

/** A table only where there is something to tell. */
function groupLines(report: Report, width: number, paint: Paint): string[] {
  const summary = groupSummary(report);
  if (summary === undefined) return [];
  const pruned = report.groups?.pruned ?? [];
  const [header = '', ...lines] = pruned.length > 0 ? textTable(groupColumns, pruned.map(groupCells), width) : [];
  return [...(header ? [paint('bold', header), ...lines] : []), paint('dim', cutEnd(` ${summary}`, width))];
}

/** Never cut: these are the figures that were asked for. */
function summaryLines(report: Report, paint: Paint): string[] {
  const [header = '', ...lines] = textTable(summaryColumns, summaryCells(report));
  return [paint('bold', header), ...lines];
}

function closingLines(report: Report, width: number, paint: Paint): string[] {
  const { verification, targets, warnings, run } = report;
  const fitted = calibrationLine(report);
  const checks = verificationLines(verification).map(
    (text, k) => `${k === 0 ? ' verify     ' : '            '}${printable(text)}`,
  );
  const goals = targets.map(({ kind, wanted, reached, met }) => {
    const text = printable(` target     ${kind} ${wanted}: reached ${reached}${met ? '' : ', not met'}`);
    return met ? text : paint('yellow', text);
  });
  const noted = warnings.map(({ code, message }) => paint('yellow', printable(` warning    ${message} [${code}]`)));
  const pipeline = paint('dim', cutEnd(printable(` pipeline   ${run.pipeline}`), width));
  return [...(fitted ? [` calibrated ${printable(fitted)}`] : []), ...checks, ...goals, ...noted, pipeline];
}
