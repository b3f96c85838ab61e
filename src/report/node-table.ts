import { countedCodes } from './counted-codes.ts';
import { absent, errorSize, shortCount } from './numbers.ts';
import type { Report, ReportNode } from './report.ts';
import type { Column } from './text-table.ts';

/** One line per Conv, ConvTranspose, Gemm and MatMul; terminal and HTML show the same cells. */
export const nodeColumns: readonly Column[] = [
  { title: 'node', most: 40 },
  { title: 'op', spare: true },
  { title: 'shape', spare: true },
  { title: 'method' },
  { title: 'ranks' },
  { title: 'params' },
  { title: 'MACs' },
  { title: 'error' },
  { title: '' },
];

export function nodeCells(node: ReportNode): string[] {
  return [
    node.name,
    node.opType,
    node.shape.join('x') || absent,
    node.method ?? 'kept',
    node.ranks ? Object.values(node.ranks).join(',') : absent,
    change(node.before?.params, node.after?.params),
    change(node.before?.macs, node.after?.macs),
    nodeError(node),
    node.skipped ? node.skipped.text : '',
  ];
}

/** outputError, predicted / on rows held back; the weightError where nothing was calibrated. */
function nodeError({ weightError, outputError }: ReportNode): string {
  if (!outputError) return errorSize(weightError);
  const { predicted, measured } = outputError;
  return measured === null ? errorSize(predicted) : `${errorSize(predicted)} / ${errorSize(measured)}`;
}

function change(before: number | null | undefined, after: number | null | undefined): string {
  const unchanged = after === undefined || after === null || after === before;
  return unchanged ? shortCount(before) : `${shortCount(before)}→${shortCount(after)}`;
}

/** `17 of 21 nodes rewritten; kept: 3 no-gain, 1 grouped`. */
export function nodeSummary({ nodes }: Report): string {
  const rewritten = nodes.filter((node) => node.method !== null).length;
  const kept = nodes.flatMap(({ method, skipped }) => (method === null && skipped ? [skipped.code] : []));
  return [
    `${rewritten} of ${nodes.length} nodes rewritten`,
    ...(kept.length > 0 ? [`kept: ${countedCodes(kept)}`] : []),
    ...(nodes.some(({ outputError }) => outputError !== null)
      ? ['error: outputError, on the rows of the fit / on rows held back']
      : []),
  ].join('; ');
}
