/** A finished run, told to people (terminal, HTML) and to programs (JSON). Pure data in, text out. */
export { toHtml } from './html.ts';
export { toJson } from './json.ts';
export { absent, errorSize, percent, shortCount, signed } from './numbers.ts';
export { type Report, type ReportNode, reportSchema } from './report.ts';
export { type TerminalOptions, toTerminal } from './terminal.ts';
export { type Column, printable, textTable } from './text-table.ts';
