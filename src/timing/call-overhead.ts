import type { Runtime } from '../runtime/index.ts';
import { nonNegativeLeastSquares } from './non-negative-least-squares.ts';
import { plainConvolution } from './plain-convolution.ts';
import { elements } from './step-work.ts';
import { type MeasureOptions, timeCopies, timeReference } from './time-copies.ts';
import type { SizedStep } from './timed-step.ts';

/**
 * What a model of a lone chain takes besides the chain: part of its time once, however many copies it holds. In multiples
 * of the reference's time, as all is measured.
 */
export interface CallOverhead {
  /** Milliseconds of the reference: they make multiples into times. */
  readonly reference: number;
  /** A call through the binding. */
  readonly call: number;
  /** Each element that goes in or out: copies, and the ways into and out of the blocked layout. */
  readonly element: number;
}

/** Elements at both borders of a chain's model. */
export function borderElements(chain: readonly SizedStep[]): number {
  const [first, last] = [chain[0], chain.at(-1)];
  if (!first || !last) return 0;
  return first.inputs * elements(first.inputSizes) + last.outputs * elements(last.outputSizes);
}

const few = 1;
const many = 9;

/** From convolutions that differ in the size of their borders, each once alone and once in many copies. */
export async function measureCallOverhead(runtime: Runtime, options: MeasureOptions): Promise<CallOverhead> {
  const probes = (
    [
      [16, 4],
      [16, 16],
      [32, 28],
      [64, 28],
      [64, 40],
    ] as const
  ).map(([channels, size]) => plainConvolution(channels, 1, size));
  const times = await timeCopies(
    runtime,
    probes.flatMap((step) => [few, many].map((copies) => ({ chain: [step], copies }))),
    options,
  );
  const extra = probes.map((_, i) => {
    const [alone, together] = [times[2 * i] ?? 0, times[2 * i + 1] ?? 0];
    const each = (together - alone) / (many - few);
    return { fixed: alone - few * each, alone };
  });
  const known = extra.map(({ alone }) => Number.isFinite(alone));
  const rows = probes.map((step, i) => (known[i] ? [1, borderElements([step])] : [0, 0]));
  const [call = 0, element = 0] = nonNegativeLeastSquares(
    rows.map((row, i) => row.map((value) => value / (extra[i]?.alone || 1))),
    extra.map(({ fixed, alone }) => (Number.isFinite(fixed) ? fixed / (alone || 1) : 0)),
  );
  return { reference: await timeReference(runtime, options), call, element };
}
