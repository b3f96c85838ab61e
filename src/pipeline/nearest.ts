import type { Dataset } from '../data/index.ts';
import type { Rewrites } from '../rewrite/index.ts';
import { compareModels, isUnjudged } from '../validate/index.ts';
import type { CalibrationData } from './calibration.ts';
import { withSources } from './output-model.ts';
import { rewrite } from './rewritten.ts';
import type { Run } from './run.ts';
import type { ResolvedPipeline } from './stages.ts';

/** Samples that quick fits are compared on. */
const samples = 256;

/**
 * The rewrites whose model strays least from the original: by the divergence of class scores where there are any, else by
 * the error of the outputs. Fits are quick ones, to no more samples than comparing needs.
 *
 * @param contenders the first wins where nothing can be told
 */
export async function nearest(
  run: Run,
  pipeline: ResolvedPipeline,
  contenders: readonly Rewrites[],
  data: CalibrationData | undefined,
): Promise<Rewrites> {
  const [first] = contenders as readonly [Rewrites, ...Rewrites[]];
  const dataset = (await data?.judges())?.dataset;
  if (!data || !dataset || contenders.length === 1) return first;
  // Fits wait for ONNX Runtime a good part of the time: with two threads one computes meanwhile.
  const { threads = 1 } = run.options;
  const strayed = await inTurns(contenders, threads, (contender) =>
    strayOf(run, pipeline, contender, data, dataset.some(samples)),
  );
  return contenders[strayed.indexOf(Math.min(...strayed))] ?? first;
}

/** Results in order, `width` at work at a time. */
async function inTurns<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<number>,
): Promise<readonly number[]> {
  const results: number[] = [];
  for (let from = 0; from < items.length; from += width)
    results.push(...(await Promise.all(items.slice(from, from + width).map(work))));
  return results;
}

async function strayOf(
  run: Run,
  pipeline: ResolvedPipeline,
  rewrites: Rewrites,
  { comparison }: CalibrationData,
  dataset: Dataset,
): Promise<number> {
  const { output } = await rewrite(run, pipeline, rewrites, { calibration: comparison, draft: true });
  const runtime = await run.resources.runtime();
  return withSources([output.model], async ([written]) => {
    if (!written) return Number.POSITIVE_INFINITY;
    const compared = await compareModels(runtime, run.loaded.source, written, { batches: dataset.batches(32) });
    if (isUnjudged(compared)) return Number.POSITIVE_INFINITY;
    return compared.klDivergence ?? compared.outputError;
  });
}
