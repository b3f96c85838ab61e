import { type Cache, openCache } from '../cache/index.ts';
import { type Device, type Runtime, type RuntimeInfo, runtimeInfo } from '../runtime/index.ts';
import { type CallOverhead, measureCallOverhead } from './call-overhead.ts';
import { chooseChains } from './choose-chains.ts';
import { type FittedModel, fitTimeModel, type TimedSample } from './fit-time-model.ts';
import { measureBelievably } from './measure-believably.ts';
import { type MeasurementCache, measurementCache } from './measurement-cache.ts';
import type { MeasureOptions } from './time-copies.ts';
import { chainKey, type SizedStep, sizedChain, type TimedChain } from './timed-step.ts';
import { unalignedChains } from './unaligned-chains.ts';

/** What chains cost on this machine. */
export interface TimeModel extends Pick<FittedModel, 'block' | 'coefficients' | 'rms' | 'radius'> {
  /**
   * Milliseconds of a chain, one sample: measured where it was, modelled otherwise; undefined where a size is not known.
   * Times of chains are meant to be added up and compared.
   */
  milliseconds(chain: TimedChain): number | undefined;
  /** Chains measured now, and chains whose measurement the cache had. */
  readonly measured: number;
  readonly cached: number;
  readonly threads: number;
  readonly device: Device;
  /** Milliseconds of the reference convolution, in which everything was measured. */
  readonly reference: number;
}

export interface CalibrateOptions {
  /** Intra-op threads, 1 by default. With one on the CPU, times are processor time, otherwise they are wall time. */
  readonly threads?: number;
  /** The CPU by default. */
  readonly device?: Device;
  /** Where measurements are kept; in memory, for this call, by default. */
  readonly cache?: Cache;
  /** Ranks to measure of each method at each shape, 4 by default … */
  readonly perFamily?: number;
  /** … and fewer where that makes more chains than this, 400 by default. */
  readonly most?: number;
  /** What the measurements hold for; this machine by default. */
  readonly machine?: RuntimeInfo;
}

/** Chains off whole blocks that nobody asked for, so that the model knows of them. */
const unalignedCount = 12;

/**
 * Measures what matters of the chains that somebody may choose between, and models the others by that.
 *
 * Originals, that is chains of one step, are measured in any case: every decision compares with them.
 *
 * @returns undefined where nothing could be measured
 * @throws what the runtime throws when it fails; a chain that ONNX Runtime does not take is modelled
 */
export async function calibrateTimeModel(
  runtime: Runtime,
  chains: readonly TimedChain[],
  options: CalibrateOptions = {},
): Promise<TimeModel | undefined> {
  const { threads = 1, device = 'cpu', perFamily = 4, most = 400, machine = runtimeInfo() } = options;
  const measuring = { threads, device };
  const store = measurementCache(options.cache ?? openCache(undefined), machine, measuring);
  const different = distinct(chains);
  const offered = chooseChains(different, { perFamily, most }).map((position) => different[position] ?? []);
  const chosen = distinct([...offered, ...unalignedChains(offered, unalignedCount)]);
  if (chosen.length === 0) return undefined;
  const kept = await Promise.all(chosen.map((chain) => store.get(chainKey(chain))));
  const missing = chosen.filter((_, i) => !kept[i]);
  const overhead = await callOverhead(runtime, measuring, store);
  const fresh = await measureAndKeep(runtime, missing, overhead, measuring, store);
  const known = chosen.flatMap((chain, i) => kept[i]?.[0] ?? fresh.get(chain) ?? Number.NaN);
  const samples = chosen
    .map((chain, i): TimedSample => ({ chain, milliseconds: known[i] ?? Number.NaN }))
    .filter(({ milliseconds }) => Number.isFinite(milliseconds));
  if (samples.length === 0) return undefined;
  const model = fitTimeModel(samples);
  const measured = new Map(samples.map(({ chain, milliseconds }) => [keyText(chain), milliseconds]));
  const measuredWidths = new Set(samples.map(({ chain }) => widthsOf(chain)));
  // Few chains were measured, and their keys take longer than a model's answer.
  const measuredTime = (chain: readonly SizedStep[]) =>
    measuredWidths.has(widthsOf(chain)) ? measured.get(keyText(chain)) : undefined;
  // Whoever chooses asks for the same chains again and again.
  const times = new WeakMap<TimedChain, number>();
  return {
    ...model,
    milliseconds(chain) {
      const sized = sizedChain(chain);
      if (!sized) return undefined;
      const time = times.get(chain) ?? measuredTime(sized) ?? model.milliseconds(sized);
      times.set(chain, time);
      return time;
    },
    measured: missing.length,
    cached: chosen.length - missing.length,
    threads,
    device,
    reference: overhead.reference,
  };
}

/** NaN is kept too: what ONNX Runtime refuses once it refuses again. */
async function measureAndKeep(
  runtime: Runtime,
  chains: readonly (readonly SizedStep[])[],
  overhead: CallOverhead,
  options: MeasureOptions,
  store: MeasurementCache,
): Promise<ReadonlyMap<readonly SizedStep[], number>> {
  const times = await measureBelievably(runtime, chains, overhead, options);
  const found = new Map(chains.map((chain, i) => [chain, times[i] ?? Number.NaN]));
  for (const [chain, time] of found) await store.put(chainKey(chain), [time]);
  return found;
}

async function callOverhead(runtime: Runtime, options: MeasureOptions, store: MeasurementCache): Promise<CallOverhead> {
  const kept = await store.get('call-overhead');
  const [reference, call, element] = kept ?? [];
  if (reference !== undefined && call !== undefined && element !== undefined) return { reference, call, element };
  const overhead = await measureCallOverhead(runtime, options);
  await store.put('call-overhead', [overhead.reference, overhead.call, overhead.element]);
  return overhead;
}

/** In an order of their own, so that what is chosen does not depend on the caller's. */
function distinct(chains: readonly TimedChain[]): readonly (readonly SizedStep[])[] {
  const byKey = new Map<string, readonly SizedStep[]>();
  for (const chain of chains) {
    const sized = sizedChain(chain);
    if (sized) byKey.set(keyText(sized), sized);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, chain]) => chain);
}

/** Channels from step to step: chains that differ in them are not the same. */
function widthsOf(chain: TimedChain): string {
  return chain.map(({ inputs, outputs }) => `${inputs} ${outputs}`).join();
}

function keyText(chain: TimedChain): string {
  return JSON.stringify(chainKey(chain));
}
