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
  const [held, holds] = [input.activationBytes, output.activationBytes];
  if (held !== null && holds !== null)
    rows.push(['peak activations', byteCount(held), byteCount(holds), ratio(held, holds)]);
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

const sampleKinds = {
  data: 'samples',
  random: 'random samples',
  'held-back': 'samples held back from the fits',
  calibration: 'samples, those of the fits',
} as const;

/** What fits rest on. */
export function calibrationLine({ calibration }: Report): string | undefined {
  if (!calibration) return undefined;
  const { kind, samples, symmetric, effort } = calibration;
  const source = {
    data: 'samples',
    synthetic: 'synthetic images',
    statistics: 'samples, as statistics',
    factors: 'samples, as factors',
  };
  return `${samples} ${source[kind]}, effort ${effort}${symmetric ? '; symmetric fits only: they do not make up for what earlier nodes have lost' : ''}`;
}

/** What was checked, and on what: one line each. */
export function verificationLines({ exact, approximate, metric, unverified }: Report['verification']): string[] {
  const lines: string[] = [];
  if (exact)
    lines.push(
      `exact: max rel ${sized(exact.maxRelativeError)} ${exact.ok ? 'ok' : `above ${sized(exact.tolerance)}`}`,
    );
  if (approximate) {
    const { top1Agreement, agreementCi95, klDivergence, klCi95, samples, inputs } = approximate;
    const { outputError, outputErrorCi95 } = approximate;
    const parts = [
      ...(top1Agreement === null
        ? []
        : [`top-1 agreement ${percent(top1Agreement)}${between(agreementCi95, percent)}`]),
      ...(klDivergence === null ? [] : [`KL ${sized(klDivergence)} nats${between(klCi95, sized)}`]),
      `outputError ${sized(outputError)}${between(outputErrorCi95, sized)}`,
    ];
    lines.push(`against the original: ${parts.join(', ')} (${samples} ${sampleKinds[inputs]})`);
  }
  if (metric) lines.push(`accuracy: output "${metric.output}" over ${metric.samples} samples`);
  if (unverified !== null) lines.push(`not checked by ONNX Runtime: ${unverified}`);
  return lines;
}

/** ` (97.1 % … 98.9 %)`: a 95 % interval behind its figure. */
function between(interval: readonly [number, number] | null, text: (value: number) => string): string {
  return interval ? ` (${interval.map(text).join(' … ')})` : '';
}

function sized(value: number): string {
  return value < 1e-3 && value > 0 ? value.toExponential(1) : String(Number(value.toPrecision(2)));
}
