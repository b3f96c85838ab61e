import type { Runtime } from '../runtime/index.ts';
import { borderElements, type CallOverhead } from './call-overhead.ts';
import { stepWork } from './step-work.ts';
import { type MeasureOptions, timeCopies } from './time-copies.ts';
import type { SizedStep } from './timed-step.ts';

/** Milliseconds that a model should take at least, so that what a call costs is small beside it. */
const leastTime = 0.4;
const mostCopies = 24;

/**
 * Milliseconds of each chain as a part of a network, on random weights at its own shapes, one sample.
 *
 * @param overhead of a call on this machine, measured with the same options
 * @returns NaN where ONNX Runtime does not take a chain
 */
export async function measureChains(
  runtime: Runtime,
  chains: readonly (readonly SizedStep[])[],
  overhead: CallOverhead,
  options: MeasureOptions,
): Promise<Float64Array> {
  const models = chains.map((chain) => ({ chain, copies: enoughCopies(chain) }));
  const times = await timeCopies(runtime, models, options);
  return times.map((time, i) => {
    const { chain, copies = 1 } = models[i] ?? { chain: [] };
    const once = overhead.call + overhead.element * borderElements(chain);
    // An overhead measured in a bad moment must not make a chain free.
    return (overhead.reference * Math.max(time - once, time / 4)) / copies;
  });
}

/** By a guess at the chain's time that is right within a factor of three on processors of the last ten years. */
function enoughCopies(chain: readonly SizedStep[]): number {
  const guess = chain.reduce((sum, step) => {
    const { macs, activations } = stepWork(step, 8);
    return sum + (macs + 10 * activations) / 25e6;
  }, 0);
  return Math.max(1, Math.min(mostCopies, Math.ceil(leastTime / guess)));
}
