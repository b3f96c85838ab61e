import { type Dataset, mirrorImages } from '../data/index.ts';
import type { Model } from '../ir/index.ts';
import type { ObservedModels } from '../rewrite/index.ts';
import type { Feeds, Runtime } from '../runtime/index.ts';
import { type ChunkSize, Lockstep, type LockstepOptions } from './lockstep.ts';
import { Side } from './side.ts';
import { type PooledTensor, TensorPool } from './tensor-pool.ts';

export interface OpenLockstepOptions extends Omit<LockstepOptions, 'chunks'> {
  readonly dataset: Dataset;
  /** Show each image in a mirror, too. */
  readonly mirror?: boolean;
  /** One for each model; sessions should have one thread, for results that no number of threads changes. */
  readonly runtimes: readonly [original: Runtime, rewritten: Runtime];
  /** Bytes of activations in memory. */
  readonly memory: number;
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
  const { dataset, mirror = false, memory, signal, runtimes, chunk = chunkSize(original) } = options;
  const pool = new TensorPool({ memory });
  const chunks: (ChunkSize & { readonly feeds: PooledFeeds })[] = [];
  try {
    const copies: typeof chunks = [];
    for await (const { feeds, count } of dataset.batches(chunk)) {
      signal.throwIfAborted();
      const fed = Object.values(feeds)[0]?.dims[0] ?? count;
      chunks.push({ fed, count, copy: 0, feeds: await pooled(feeds, pool) });
      const image = mirror ? mirrorImages(feeds) : undefined;
      if (image) copies.push({ fed, count, copy: 1, feeds: await pooled(image, pool) });
    }
    chunks.push(...copies);
    const feeds = chunks.map((one) => one.feeds);
    const side = (model: Model, runtime: Runtime) => new Side(model, feeds, { runtime, pool, signal });
    const first = side(original, runtimes[0]);
    const second = rewritten === original ? first : side(rewritten, runtimes[1]);
    for (const feed of feeds) for (const tensor of Object.values(feed)) await tensor.release();
    return new Lockstep(first, second, pairs, pool, { ...options, chunks });
  } catch (cause) {
    await pool.close();
    throw cause;
  }
}

type PooledFeeds = Readonly<Record<string, PooledTensor>>;

async function pooled(feeds: Feeds, pool: TensorPool): Promise<PooledFeeds> {
  const tensors: Record<string, PooledTensor> = {};
  for (const [name, tensor] of Object.entries(feeds)) tensors[name] = await pool.put(tensor);
  return tensors;
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
