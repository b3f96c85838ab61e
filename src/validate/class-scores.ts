import { Float16Array } from '@petamoriken/float16';
import { diagnostics } from '../diagnostics.ts';
import type { RuntimeTensor } from '../runtime/index.ts';

/** Scores of a classifier: one row per sample. */
export interface ClassScores {
  readonly classes: number;
  /** [rows, classes], row-major */
  readonly data: Float32Array | Float64Array;
}

/**
 * An output read as class scores: [N, C], or with further axes of size 1 such as [N, C, 1, 1], C ≥ 2, in floats.
 * Undefined where it is anything else.
 */
export function readClassScores({ dims, dtype, data }: RuntimeTensor, rows: number): ClassScores | undefined {
  const wide = dims.slice(1).filter((dim) => dim !== 1);
  const classes = wide[0];
  if (dims[0] !== rows || wide.length !== 1 || classes === undefined || classes < 2) return undefined;
  if (data instanceof Float32Array || data instanceof Float64Array) return { classes, data };
  if (dtype === 'float16' && data instanceof Uint16Array) {
    return { classes, data: Float32Array.from(new Float16Array(data.slice().buffer)) };
  }
  return undefined;
}

/**
 * The output that holds the class scores: the one asked for, else the only one that can. Several of the same width that
 * rank every sample of the first batch alike, such as logits beside probabilities, give the first of them.
 *
 * @param largestLabel the output must be wide enough for it, −1 without labels
 * @throws no-class-scores, ambiguous-output, label-out-of-range (2)
 */
export function chooseOutput(
  outputs: Readonly<Record<string, RuntimeTensor>>,
  rows: number,
  largestLabel: number,
  wanted?: string,
): string {
  const readable = Object.entries(outputs).flatMap(([name, tensor]) => {
    const scores = readClassScores(tensor, rows);
    return scores && (wanted === undefined || name === wanted) ? [{ name, scores }] : [];
  });
  if (readable.length === 0) throw noScores(outputs, wanted);
  const candidates = readable.filter(({ scores }) => scores.classes > largestLabel);
  const [first, ...others] = candidates;
  if (!first) {
    const message = `label ${largestLabel} is beyond the ${Math.max(...readable.map(({ scores }) => scores.classes))} classes of the model`;
    throw diagnostics.data('label-out-of-range', message, undefined, 'check "labelOffset" and the labels');
  }
  if (others.every(({ scores }) => rankAlike(first.scores, scores))) return first.name;
  const names = candidates.map(({ name }) => `"${name}"`).join(', ');
  throw diagnostics.data(
    'ambiguous-output',
    `several outputs could be class scores: ${names}`,
    undefined,
    'name one of them',
  );
}

function noScores(outputs: Readonly<Record<string, RuntimeTensor>>, wanted: string | undefined) {
  const shapes = Object.entries(outputs).map(([name, { dtype, dims }]) => `"${name}" ${dtype}[${dims.join(', ')}]`);
  const which = wanted === undefined ? 'no output' : `output "${wanted}"`;
  const message = `${which} has class scores of shape [N, C]: the model gives ${shapes.join(', ')}`;
  return diagnostics.data('no-class-scores', message, undefined, 'accuracy is for classifiers');
}

function rankAlike(a: ClassScores, b: ClassScores): boolean {
  if (a.classes !== b.classes) return false;
  for (let row = 0; row * a.classes < a.data.length; row++) if (bestClass(a, row) !== bestClass(b, row)) return false;
  return true;
}

/** The first class with the highest score; −1 where a score of the row is not finite. */
export function bestClass({ classes, data }: ClassScores, row: number): number {
  let best = 0;
  for (let c = 0; c < classes; c++) {
    const score = data[row * classes + c] ?? Number.NaN;
    if (!Number.isFinite(score)) return -1;
    if (score > (data[row * classes + best] ?? 0)) best = c;
  }
  return best;
}

/** Whether rows are probabilities already: none negative, each sum 1 within what float16 rounding leaves. */
export function areProbabilities({ classes, data }: ClassScores, rows: number): boolean {
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (const value of data.subarray(row * classes, (row + 1) * classes)) {
      if (!(value >= 0)) return false;
      sum += value;
    }
    if (Math.abs(sum - 1) > 1e-2) return false;
  }
  return true;
}
