import type { FrontierFigures, FrontierPointFigures } from './frontier.ts';

type Cell = string | number | boolean | null | undefined;

/** Ratios are after ÷ before, shares 0 … 1, differences percentage points; `low` and `high` are 95 % intervals. */
const columns: readonly (readonly [title: string, cell: (point: FrontierPointFigures) => Cell])[] = [
  ['wanted', ({ wanted }) => wanted],
  ['met', ({ met }) => met],
  ['why', ({ why }) => why],
  ['params', ({ reached }) => reached.params],
  ['macs', ({ reached }) => reached.macs],
  ['bytes', ({ reached }) => reached.bytes],
  ['params_ratio', ({ reached }) => reached.ratio.params],
  ['macs_ratio', ({ reached }) => reached.ratio.macs],
  ['size_ratio', ({ reached }) => reached.ratio.size],
  ['latency_ratio', ({ latency }) => latency && 1 / latency.ratio],
  ['latency_low', ({ latency }) => latency && 1 / latency.ci95[1]],
  ['latency_high', ({ latency }) => latency && 1 / latency.ci95[0]],
  ['milliseconds_before', ({ latency }) => latency?.before.p50],
  ['milliseconds_after', ({ latency }) => latency?.after.p50],
  ['top1_before', ({ accuracy }) => accuracy?.before],
  ['top1', ({ accuracy }) => accuracy?.after],
  ['top1_low', ({ accuracy }) => accuracy?.afterCi95[0]],
  ['top1_high', ({ accuracy }) => accuracy?.afterCi95[1]],
  ['top1_difference', ({ accuracy }) => accuracy?.difference],
  ['difference_low', ({ accuracy }) => accuracy?.ci95[0]],
  ['difference_high', ({ accuracy }) => accuracy?.ci95[1]],
  ['agreement', ({ agreement }) => agreement?.top1Agreement],
  ['agreement_low', ({ agreement }) => agreement?.agreementCi95?.[0]],
  ['agreement_high', ({ agreement }) => agreement?.agreementCi95?.[1]],
  ['kl', ({ agreement }) => agreement?.klDivergence],
  ['kl_low', ({ agreement }) => agreement?.klCi95?.[0]],
  ['kl_high', ({ agreement }) => agreement?.klCi95?.[1]],
  ['output_error', ({ agreement }) => agreement?.outputError],
  ['output_error_low', ({ agreement }) => agreement?.outputErrorCi95?.[0]],
  ['output_error_high', ({ agreement }) => agreement?.outputErrorCi95?.[1]],
  ['samples', ({ agreement, accuracy }) => accuracy?.samples ?? agreement?.samples],
  ['frontier', ({ frontier }) => frontier],
  ['sha256', ({ reached }) => reached.sha256],
];

/** A line for each point below one of titles, as RFC 4180 has it; what is not known is empty. */
export function frontierCsv({ points }: Pick<FrontierFigures, 'points'>): string {
  const rows = [columns.map(([title]) => title), ...points.map((point) => columns.map(([, cell]) => cell(point)))];
  return rows.map((row) => `${row.map(quoted).join()}\r\n`).join('');
}

function quoted(cell: Cell): string {
  const text = String(cell ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
