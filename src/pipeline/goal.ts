import { diagnostics, didYouMean } from '../diagnostics.ts';
import type { EngineOptions } from './options.ts';

export const targetKinds = ['params', 'macs', 'size', 'latency'] as const;

export type TargetKind = (typeof targetKinds)[number];

/** What a model may still cost. */
export interface Target {
  readonly kind: TargetKind;
  /** After ÷ before, or an amount: numbers of params, multiply-accumulates a sample, bytes of the file, milliseconds. */
  readonly unit: 'ratio' | 'amount';
  readonly most: number;
  /** As it was written: `0.5x`, `4MB`. */
  readonly text: string;
}

/**
 * What a model may lose on samples that no fit has seen: `drop` percentage points of top-1, `kl` nats a sample, `error` of
 * the outputs, E‖ŷ−y‖²/Σvar(y).
 */
export interface Loss {
  readonly kind: 'drop' | 'kl' | 'error';
  readonly most: number;
}

/** What the user asked the model to become. */
export interface Goal {
  readonly targets: readonly Target[];
  readonly losses: readonly Loss[];
}

/** Units of amounts; the first of each kind is what a bare number means. */
const units: Readonly<Record<TargetKind, Readonly<Record<string, number>>>> = {
  params: { '': 1, k: 1e3, M: 1e6, G: 1e9 },
  macs: { '': 1, k: 1e3, M: 1e6, G: 1e9 },
  size: { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  latency: { '': 1, us: 1e-3, ms: 1, s: 1e3 },
};

const examples: Readonly<Record<TargetKind, string>> = {
  params: '0.5x or 2M',
  macs: '0.5x or 300M',
  size: '0.5x or 4MB',
  latency: '0.5x or 3ms',
};

/**
 * The goal of a run; undefined where none was named.
 *
 * @throws invalid-option (2): text that is no target, the same kind twice, losses that are no bound
 */
export function goalOf({ targets = [], maxDrop, maxKl, maxError }: EngineOptions): Goal | undefined {
  const parsed = targets.map(parseTarget);
  const twice = parsed.find(({ kind }, position) => parsed.findIndex((other) => other.kind === kind) < position);
  if (twice) throw diagnostics.invalidOption('--target', `${twice.kind} is given twice`);
  const losses: Loss[] = [];
  for (const [kind, flag, most] of [
    ['drop', '--max-drop', maxDrop],
    ['kl', '--max-kl', maxKl],
    ['error', '--max-error', maxError],
  ] as const) {
    if (most === undefined) continue;
    if (!(most >= 0 && Number.isFinite(most))) throw diagnostics.invalidOption(flag, `${most} is no bound`);
    losses.push({ kind, most });
  }
  return parsed.length + losses.length > 0 ? { targets: parsed, losses } : undefined;
}

/** `macs=0.5x`, `size=4MB` … */
export function parseTarget(text: string): Target {
  const [name = '', value = '', ...rest] = text.split('=');
  const kind = targetKinds.find((known) => known === name);
  if (!kind || rest.length > 0)
    throw diagnostics.invalidOption(
      `--target ${text}`,
      kind ? 'expected one "="' : `"${name}" is no cost: ${targetKinds.join(', ')}`,
      kind ? undefined : didYouMean(name, targetKinds),
    );
  return parseCost(kind, value, { where: `--target ${text}`, expected: `${kind}=… with ` });
}

/**
 * `0.5x`, `4MB` …: what a cost may be at most.
 *
 * @param told how to name the text in a message, and what stands before the examples
 * @throws invalid-option (2)
 */
export function parseCost(
  kind: TargetKind,
  text: string,
  { where, expected }: { readonly where: string; readonly expected: string },
): Target {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?|\.\d+)\s?([A-Za-z]*)$/.exec(text) ?? [];
  const number = digits === '' ? Number.NaN : Number(digits);
  if (unit === 'x') return { kind, unit: 'ratio', most: checkedRatio(number, where), text };
  const factor = units[kind][unit];
  if (factor === undefined || !(number > 0))
    throw diagnostics.invalidOption(where, `expected ${expected}${examples[kind]}`);
  return { kind, unit: 'amount', most: number * factor, text };
}

/** After ÷ before: a model is not asked to grow. */
function checkedRatio(ratio: number, where: string): number {
  if (ratio > 0 && ratio <= 1) return ratio;
  throw diagnostics.invalidOption(
    where,
    'a ratio is after ÷ before, more than 0x and at most 1x',
    ratio > 1 ? `For ${ratio} times less write ${Number((1 / ratio).toPrecision(3))}x.` : undefined,
  );
}

/** As the options that name it: `macs=0.5x`, `max-drop=1`. */
export function goalTexts({ targets, losses }: Goal): readonly string[] {
  return [
    ...targets.map(({ kind, text }) => `${kind}=${text}`),
    ...losses.map(({ kind, most }) => `max-${kind}=${most}`),
  ];
}
