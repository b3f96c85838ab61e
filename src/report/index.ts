/** A finished run, told to people (terminal, HTML) and to programs (JSON). Pure data in, text out. */
export { type FrontierFigures, frontierFiguresSchema, frontierPointSchema } from './frontier.ts';
export { frontierCsv } from './frontier-csv.ts';
export { frontierSvg } from './frontier-plot.ts';
export { frontierTable } from './frontier-table.ts';
export { toHtml } from './html.ts';
export { toJson } from './json.ts';
export { absent, errorSize, percent, shortCount, signed } from './numbers.ts';
export { paretoFrontier } from './pareto.ts';
export { costShare, qualityOf } from './quality.ts';
export { type Report, type ReportNode, reportSchema } from './report.ts';
export { type TerminalOptions, toTerminal } from './terminal.ts';
export { type Column, printable, textTable } from './text-table.ts';
