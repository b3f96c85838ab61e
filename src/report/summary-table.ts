import { byteCount, longCount, milliseconds, percent, ratio, signed } from './numbers.ts';
import type { Report } from './report.ts';
import type { Column } from './text-table.ts';

export const summaryColumns: readonly Column[] = [
  { title: '' },
  { title: 'original' },
  { title: 'compressed' },
  { title: 'ratio' },
];

/** Before and after, each with its unit and its ratio or difference; what was not measured has no line. */
export function summaryCells({ input, output, benchmark, verification }: Report): string[][] {
  const rows = [
    ['parameters', longCount(input.params), longCount(output.params, input.params), ratio(input.params, output.params)],
    ['MACs', longCount(input.macs), longCount(output.macs, input.macs), ratio(input.macs, output.macs)],
    ['file', byteCount(input.bytes), byteCount(output.bytes), ratio(input.bytes, output.bytes)],
  ];
  if (benchmark) {
    const { before, after } = benchmark;
    const gain = `${benchmark.ratio.toFixed(2)}× (95 % interval ${benchmark.ci95.map((bound) => bound.toFixed(2)).join(' … ')})`;
    rows.push(['latency p50', milliseconds(before.p50), milliseconds(after.p50), gain]);
    rows.push(['latency p90', milliseconds(before.p90), milliseconds(after.p90), ratio(before.p90, after.p90)]);
  }
  if (verification.metric) {
    const { kind, before, after, difference, ci95 } = verification.metric;
    const change = `${signed(difference, 1)} pt (95 % interval ${ci95.map((bound) => signed(bound, 1)).join(' … ')})`;
    rows.push([kind, percent(before), percent(after), change]);
  }
  return rows;
}

/** What was checked, and on what: one line each. */
export function verificationLines({ exact, approximate, metric, unverified }: Report['verification']): string[] {
  const lines: string[] = [];
  if (exact)
    lines.push(
      `exact: max rel ${sized(exact.maxRelativeError)} ${exact.ok ? 'ok' : `above ${sized(exact.tolerance)}`}`,
    );
  if (approximate) {
    const { top1Agreement, klDivergence, samples, inputs, outputError } = approximate;
    const parts = [
      ...(top1Agreement === null ? [] : [`top-1 agreement ${percent(top1Agreement)}`]),
      ...(klDivergence === null ? [] : [`KL ${sized(klDivergence)} nats`]),
      `outputError ${sized(outputError)}`,
    ];
    lines.push(
      `against the original: ${parts.join(', ')} (${samples} ${inputs === 'data' ? 'samples' : 'random samples'})`,
    );
  }
  if (metric) lines.push(`accuracy: output "${metric.output}" over ${metric.samples} samples`);
  if (unverified !== null) lines.push(`not checked by ONNX Runtime: ${unverified}`);
  return lines;
}

function sized(value: number): string {
  return value < 1e-3 && value > 0 ? value.toExponential(1) : String(Number(value.toPrecision(2)));
}
