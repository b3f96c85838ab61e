import type { Dataset } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';
import { gradientModel } from '../gradient/index.ts';
import type { Model } from '../ir/index.ts';
import { elementCount, type Moments } from '../numerics/index.ts';
import { measureGradientGrams, mostChannels } from '../observe/index.ts';
import { linearNodes, type Observed } from '../rewrite/index.ts';
import type { Feeds } from '../runtime/index.ts';
import type { Resources } from './environment.ts';
import { fitsInMemory, withSources } from './output-model.ts';
import type { Run } from './run.ts';

/** E[g gᵀ] of each group of a node's output channels, by the name of its output. */
export type OutputGradients = ReadonlyMap<string, readonly Float64Array[]>;

/**
 * What arrives at a model's outputs of errors of its linear operators, channel by channel. Nothing depends on it but how good
 * fits are: whatever fails is a warning (`no-gradients`), and the runtime is its own, for a backward pass takes memory.
 * None either where the model is too large for one pass, or there are too few samples.
 */
export async function outputGradientsOf({ resources }: Run, model: Model, dataset: Dataset): Promise<OutputGradients> {
  const { signal, onEvent } = resources.environment;
  if (!fitsInMemory(model)) return new Map();
  try {
    return await measured(resources, model, dataset);
  } catch (cause) {
    if (signal.aborted) throw cause;
    const message = `what of errors arrives at the outputs is not known: ${cause instanceof Error ? cause.message : cause}`;
    const hint = 'fits count errors of all channels alike; report this, with the model if you may';
    onEvent({ kind: 'warning', diagnostic: diagnostics.warning('no-gradients', message, undefined, hint) });
    return new Map();
  }
}

async function measured(resources: Resources, model: Model, dataset: Dataset): Promise<OutputGradients> {
  const { blas, seed, signal } = resources.environment;
  const first = await firstBatch(dataset);
  if (!first) return new Map();
  const shapes = Object.entries(first.feeds).map(([name, { dims }]) => [name, dims] as const);
  const found = gradientModel(model, linearNodes(model), Object.fromEntries(shapes), mostChannels);
  if (!found) return new Map();
  const runtime = await resources.ownRuntime();
  try {
    const grams = await withSources([found.model], async ([source]) =>
      source
        ? measureGradientGrams(runtime, found, source, { dataset, batch: first.count, seed, signal, blas })
        : undefined,
    );
    return new Map([...(grams ?? [])].map(([node, own]) => [node.outputs[0]?.name ?? '', own]));
  } finally {
    await runtime.close();
  }
}

/** Numbers of the inputs that are fed at once, and samples at most: activations stay in the caches, or nearly. */
const batchNumbers = 2 ** 18;
const largestBatch = 16;

/** As many samples as go through the model together, or as many as it always wants; undefined where there is no second batch. */
async function firstBatch(dataset: Dataset): Promise<{ readonly feeds: Feeds; readonly count: number } | undefined> {
  for await (const { feeds } of dataset.some(1).batches(1)) {
    const numbers = Math.max(1, ...Object.values(feeds).map(({ dims }) => elementCount(dims)));
    const half = Math.floor(dataset.size / 2);
    const size = Math.max(1, Math.min(largestBatch, half, Math.floor(batchNumbers / numbers)));
    for await (const first of dataset.batches(size)) return first.count <= half ? first : undefined;
  }
  return undefined;
}

/** Moments with the gradients that belong to them. */
export function withGradients(observed: Observed, grams: readonly Float64Array[] | undefined): Observed {
  if (!grams || !('groups' in observed)) return observed;
  const { groups } = observed;
  const fits = grams.length === groups.length && groups.every(({ meanY }, g) => grams[g]?.length === meanY.length ** 2);
  return fits
    ? ({ ...observed, groups: groups.map((group, g) => ({ ...group, gradients: grams[g] })) } satisfies Moments)
    : observed;
}
