import { type Dataset, mirrorImages } from '../data/index.ts';
import type { Model } from '../ir/index.ts';
import type { ObservedModels } from '../rewrite/index.ts';
import type { Feeds, KeepingRuntime, KeptTensor, KeptTensors } from '../runtime/index.ts';
import { Lockstep, type LockstepOptions } from './lockstep.ts';
import type { ChunkSize } from './row-plan.ts';
import { Side } from './side.ts';

export interface OpenLockstepOptions extends Omit<LockstepOptions, 'chunks' | 'besides'> {
  readonly dataset: Dataset;
  /** Show each image in a mirror, too. */
  readonly mirror?: boolean;
  /** One for each model; sessions should have one thread, for results that no number of threads changes. */
  readonly runtimes: readonly [original: KeepingRuntime, rewritten: KeepingRuntime];
  /** Samples fed at once; by default what makes chunks of a few megabytes. */
  readonly chunk?: number;
  readonly signal: AbortSignal;
}

/**
 * Reads all samples and sets both models up; nothing is run yet.
 *
 * @throws what reading the data throws
 */
export async function openLockstep(
  { original, rewritten, pairs }: ObservedModels,
  options: OpenLockstepOptions,
): Promise<Lockstep> {
  const { dataset, mirror = false, signal, runtimes, chunk = chunkSize(original) } = options;
  const alone = rewritten === original;
  const places = [...new Set(alone ? runtimes.slice(0, 1) : runtimes)];
  const chunks: FedChunk[] = [];
  const copies: FedChunk[] = [];
  try {
    for await (const { feeds, count } of dataset.batches(chunk)) {
      signal.throwIfAborted();
      const fed = Object.values(feeds)[0]?.dims[0] ?? count;
      chunks.push({ fed, count, copy: 0, kept: await keptIn(places, feeds) });
      const image = mirror ? mirrorImages(feeds) : undefined;
      if (image) copies.push({ fed, count, copy: 1, kept: await keptIn(places, image) });
    }
  } catch (cause) {
    for (const { kept } of [...chunks, ...copies])
      for (const feeds of kept) for (const tensor of Object.values(feeds)) tensor.release();
    throw cause;
  }
  chunks.push(...copies);
  const side = (model: Model, place: number) =>
    new Side(
      model,
      chunks.map(({ kept }) => kept[place] ?? shared(kept[0] ?? {})),
      runtimes[place] as KeepingRuntime,
      signal,
    );
  const second = alone ? undefined : side(rewritten, 1);
  const first = side(original, 0);
  return new Lockstep(first, second ?? first, pairs, { ...options, chunks, besides: runtimes[0] !== runtimes[1] });
}

/** A chunk of samples in each of the runtimes. */
interface FedChunk extends ChunkSize {
  readonly kept: readonly KeptTensors[];
}

function keptIn(runtimes: readonly KeepingRuntime[], feeds: Feeds): Promise<readonly KeptTensors[]> {
  return Promise.all(
    runtimes.map(async (runtime) => {
      const kept: Record<string, KeptTensor> = {};
      for (const [name, tensor] of Object.entries(feeds)) kept[name] = await runtime.keep(tensor);
      return kept;
    }),
  );
}

function shared(feeds: KeptTensors): KeptTensors {
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, tensor.share()]));
}

/** Numbers of the inputs that are fed at once: activations of a chunk have some twenty times as many. */
const chunkNumbers = 2 ** 18;

const largestChunk = 64;

function chunkSize({ graph }: Model): number {
  const sizes = graph.inputs
    .filter((value) => !value.isInitializer)
    .map(({ shape = [] }) =>
      shape.slice(1).reduce<number>((size, dim) => size * (typeof dim === 'number' ? dim : 64), 1),
    );
  return Math.max(1, Math.min(largestChunk, Math.floor(chunkNumbers / Math.max(1, ...sizes))));
}
