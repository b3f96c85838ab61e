import type { Runtime } from '../runtime/index.ts';
import { nonNegativeLeastSquares } from './non-negative-least-squares.ts';
import { elements } from './step-work.ts';
import { timeCopies } from './time-copies.ts';
import type { SizedStep } from './timed-step.ts';

/** What a model of a lone chain takes besides the chain: part of its time once, however many copies it holds. */
export interface CallOverhead {
  /** Milliseconds of a call through the binding. */
  readonly call: number;
  /** Milliseconds for each element that goes in or out: copies, and the ways into and out of the blocked layout. */
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
export async function measureCallOverhead(runtime: Runtime, threads: number): Promise<CallOverhead> {
  const probes = [pointwise(16, 4), pointwise(16, 16), pointwise(32, 28), pointwise(64, 28), pointwise(64, 40)];
  const times = await timeCopies(
    runtime,
    probes.flatMap((step) => [few, many].map((copies) => ({ chain: [step], copies }))),
    { threads },
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
  return { call, element };
}

function pointwise(channels: number, size: number): SizedStep {
  return {
    opType: 'Conv',
    groups: 1,
    inputs: channels,
    outputs: channels,
    kernelShape: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    padsBegin: [0, 0],
    padsEnd: [0, 0],
    outputPadding: [0, 0],
    inputSizes: [size, size],
    outputSizes: [size, size],
  };
}
