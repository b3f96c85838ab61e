import type { Dataset } from '../data/index.ts';
import type { Node } from '../ir/index.ts';
import { type Blas, permuteAxes, seededRandom, sumOfSquares } from '../numerics/index.ts';
import type { Feeds, ModelSource, Runtime, RuntimeSession, RuntimeTensor } from '../runtime/index.ts';
import { OutputMoments, OutputNoise } from './output-noise.ts';
import { OutputTally, pooledError } from './output-tally.ts';
import type { Probe } from './probe-models.ts';

export interface SensitivityOptions {
  readonly dataset: Dataset;
  /** Samples of the data to look at. */
  readonly samples: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly blas: Blas;
}

/** Standard deviations of a made-up error ÷ those of what it is added to: small, and far above rounding. */
const size = 0.1;

/**
 * How much of an error of each node arrives at the outputs: E‖Δz‖²/Σvar(z) of the model's outputs z for each unit of
 * E‖Δy‖²/Σvar(y) of the node's output y. Errors are mixtures of the channels of y after these have been decorrelated
 * (OutputNoise), in each channel in proportion to its standard deviation: they vary from place to place as what a fit leaves
 * out does, so that a mean over positions does not take away what it would leave of a real one.
 *
 * Measured with single factorizations that lose 0.0001 to 0.1: 38 of a ResNet-20, logarithms correlate by 0.83 and are off by
 * 0.54 (rms); 35 of a SqueezeNet, 0.61 and 0.74. With white errors they are 0.80 and 0.63, 0.63 and 0.93: of these hardly
 * anything is left after the mean over positions that a classifier ends with. With what the principal components leave out,
 * 0.84 and 0.71, 0.54 and 1.08: from few samples these are not found.
 *
 * Sessions have one thread: others work beside them, and no number of threads changes the result.
 *
 * @param probes of `probeModels`, float32 or float64, with the sources of its models
 * @returns nodes whose outputs never change, or change nothing, are left out
 * @throws runtime-rejected, runtime-crashed (5), timed-out, limit-exceeded (8)
 */
export async function measureSensitivities(
  runtime: Runtime,
  probes: readonly Probe[],
  models: Readonly<Record<'watched' | 'disturbed', ModelSource>>,
  { dataset, samples, seed, signal, blas }: SensitivityOptions,
): Promise<ReadonlyMap<Node, number>> {
  if (probes.length === 0) return new Map();
  const feeds = await feedsOf(dataset.some(samples), probes);
  const watched = await runtime.load(models.watched, { threads: 1 });
  try {
    const moments = new Map(probes.map((probe) => [probe, new OutputMoments(probe.node)]));
    for (const feed of feeds) {
      const results = await watched.run(feed);
      for (const [{ output }, own] of moments) if (results[output]) await own.add(results[output], blas);
    }
    const disturbed = await runtime.load(models.disturbed, { threads: 1 });
    try {
      const effects = await Promise.all(
        probes.map((probe) => Effect.of(probe, moments.get(probe) as OutputMoments, seed, blas)),
      );
      for (const feed of feeds) {
        const before = await watched.run(feed);
        for (const effect of effects) {
          signal.throwIfAborted();
          await effect.see(feed, before, disturbed, blas);
        }
      }
      return new Map(
        effects.flatMap(({ node, arrived }) => (arrived > 0 && Number.isFinite(arrived) ? [[node, arrived]] : [])),
      );
    } finally {
      await disturbed.release();
    }
  } finally {
    await watched.release();
  }
}

/** One for each sample, without errors. */
async function feedsOf(dataset: Dataset, probes: readonly Probe[]): Promise<readonly Feeds[]> {
  const none = probes.map(({ error, dtype }) => [error, tensorOf(dtype, [1], new Float64Array(1))] as const);
  const feeds: Feeds[] = [];
  for await (const batch of dataset.batches(1)) feeds.push({ ...batch.feeds, ...Object.fromEntries(none) });
  return feeds;
}

/** What errors of one node do to the outputs. */
class Effect {
  readonly node: Node;
  readonly #probe: Probe;
  readonly #moments: OutputMoments;
  readonly #noise: OutputNoise;
  readonly #tallies = new Map<string, OutputTally>();
  #energy = 0;

  private constructor(probe: Probe, moments: OutputMoments, noise: OutputNoise) {
    this.node = probe.node;
    this.#probe = probe;
    this.#moments = moments;
    this.#noise = noise;
  }

  static async of(probe: Probe, moments: OutputMoments, seed: number, blas: Blas): Promise<Effect> {
    const random = seededRandom(seed, `error of ${probe.output}`);
    return new Effect(probe, moments, await OutputNoise.of(moments, size, random, blas));
  }

  /** @param before what the model without errors gives for the same feed */
  async see(feed: Feeds, before: Feeds, disturbed: RuntimeSession, blas: Blas): Promise<void> {
    const { dtype, error: name, output } = this.#probe;
    const y = before[output];
    if (!y) return;
    const rows = this.#moments.rowsOf(y);
    const error = await this.#noise.error(rows, blas);
    this.#energy += sumOfSquares(error);
    const { channels, positions } = rows;
    const inOrder = permuteAxes({ data: error, dims: [channels, rows.before, positions / rows.before] }, [1, 0, 2]);
    const after = await disturbed.run({ ...feed, [name]: tensorOf(dtype, y.dims, inOrder.data) });
    for (const { name: own } of disturbed.outputs) {
      const [was, is] = [before[own], after[own]];
      const tally = this.#tallies.get(own) ?? new OutputTally(own);
      this.#tallies.set(own, tally);
      if (was && is) tally.add(was, is, 1);
    }
  }

  /** The share of the error that arrives; 0 or no number where nothing does. */
  get arrived(): number {
    const { outputError } = pooledError([...this.#tallies.values()].map(({ difference }) => difference));
    return outputError / (this.#energy / this.#moments.variation);
  }
}

function tensorOf(dtype: Probe['dtype'], dims: readonly number[], values: Float64Array): RuntimeTensor {
  return { dtype, dims, data: dtype === 'float64' ? values : new Float32Array(values) };
}
