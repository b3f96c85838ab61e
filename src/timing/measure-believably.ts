import type { Runtime } from '../runtime/index.ts';
import type { CallOverhead } from './call-overhead.ts';
import { fitTimeModel } from './fit-time-model.ts';
import { measureChains } from './measure-chains.ts';
import type { MeasureOptions } from './time-copies.ts';
import type { SizedStep } from './timed-step.ts';

/** Log of measured ÷ modelled above which a time is doubted: at least this, and so many times what is usual. */
const leastDoubt = 0.2;
const usual = 1.5;

/**
 * Like `measureChains`, and once more what took much longer than the other times let expect: then the shorter time
 * counts, since interruptions only add.
 *
 * @returns NaN where ONNX Runtime does not take a chain
 */
export async function measureBelievably(
  runtime: Runtime,
  chains: readonly (readonly SizedStep[])[],
  overhead: CallOverhead,
  options: MeasureOptions,
): Promise<Float64Array> {
  const times = await measureChains(runtime, chains, overhead, options);
  const doubted = doubtful(chains, times);
  const again = await measureChains(
    runtime,
    doubted.map((place) => chains[place] ?? []),
    overhead,
    options,
  );
  for (const [i, place] of doubted.entries())
    times[place] = Math.min(times[place] ?? Number.NaN, again[i] ?? Number.NaN);
  return times;
}

/** Places of times that are far above what a model of all of them says. */
function doubtful(chains: readonly (readonly SizedStep[])[], times: Float64Array): readonly number[] {
  const samples = chains.flatMap((chain, place) => {
    const milliseconds = times[place] ?? Number.NaN;
    return Number.isFinite(milliseconds) ? [{ chain, milliseconds, place }] : [];
  });
  if (samples.length === 0) return [];
  const { milliseconds: modelled, rms } = fitTimeModel(samples, { local: false });
  const doubt = Math.max(leastDoubt, usual * rms);
  return samples.flatMap(({ chain, milliseconds, place }) =>
    Math.log(milliseconds / modelled(chain)) > doubt ? [place] : [],
  );
}
