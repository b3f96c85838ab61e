import type { Node } from '../ir/index.ts';
import {
  addGram,
  type Blas,
  type BlockedCholesky,
  blockedCholesky,
  blockedSolveLower,
  elementCount,
  permuteAxes,
  type SeededRandom,
} from '../numerics/index.ts';
import type { RuntimeTensor } from '../runtime/index.ts';
import { realValues } from './output-tally.ts';

/** Channels that are decorrelated together. */
const blockSize = 64;

/** Added to the variances, relative to their mean, before channels are decorrelated. */
const ridge = 1e-3;

/** Rows for each channel of a block without which nothing is known of correlations. */
const fewestRows = 4;

/** What the outputs of one node are like, channel by channel, over samples and positions. */
export class OutputMoments {
  readonly #axis: 1 | -1;
  #sums = new Float64Array();
  #products: readonly Float64Array[] = [];
  #count = 0;

  constructor(node: Node) {
    this.#axis = node.is('Conv', 'ConvTranspose') ? 1 : -1;
  }

  async add(tensor: RuntimeTensor, blas: Blas): Promise<void> {
    const rows = this.rowsOf(tensor);
    if (this.#count === 0) {
      this.#sums = new Float64Array(rows.channels);
      this.#products = blocksOf(rows.channels).map(({ size }) => new Float64Array(size * size));
    }
    const { positions, data } = rows;
    for (let channel = 0; channel < rows.channels; channel++)
      for (let at = channel * positions; at < (channel + 1) * positions; at++)
        this.#sums[channel] = (this.#sums[channel] as number) + (data[at] as number);
    for (const [b, { from, size }] of blocksOf(rows.channels).entries()) {
      const part = data.subarray(from * positions, (from + size) * positions);
      await addGram(this.#products[b] as Float64Array, { data: part, rows: size, columns: positions }, blas);
    }
    this.#count += positions;
  }

  /** [channels, positions] of an output, all samples in it together. */
  rowsOf({ dims, ...tensor }: RuntimeTensor): ChannelRows {
    const data = realValues({ dims, ...tensor });
    const channels = dims.at(this.#axis) ?? 1;
    const before = this.#axis === 1 ? (dims[0] ?? 1) : data.length / channels;
    const after = this.#axis === 1 ? elementCount(dims.slice(2)) : 1;
    const split = { data, dims: [before, channels, after] };
    return { channels, positions: before * after, data: permuteAxes(split, [1, 0, 2]).data, before };
  }

  get means(): Float64Array {
    return this.#sums.map((sum) => sum / this.#count);
  }

  get variances(): Float64Array {
    const { means } = this;
    const result = new Float64Array(means.length);
    for (const [b, { from, size }] of blocksOf(means.length).entries())
      for (let i = 0; i < size; i++) {
        const product = (this.#products[b] as Float64Array)[i * size + i] as number;
        result[from + i] = Math.max(0, product / this.#count - (means[from + i] as number) ** 2);
      }
    return result;
  }

  /** Of the channels of each block, float64[size, size]. */
  get covariances(): readonly Float64Array[] {
    const { means } = this;
    return blocksOf(means.length).map(({ from, size }, b) =>
      (this.#products[b] as Float64Array).map((product, at) => {
        const [i, j] = [from + Math.floor(at / size), from + (at % size)];
        const value = product / this.#count - (means[i] as number) * (means[j] as number);
        return i === j ? Math.max(0, value) : value;
      }),
    );
  }

  /** Σ‖y − ȳ‖² over all that was added. */
  get variation(): number {
    return this.#count * this.variances.reduce((sum, variance) => sum + variance, 0);
  }

  /** Rows of y, over all that was added. */
  get count(): number {
    return this.#count;
  }
}

export interface ChannelRows {
  readonly channels: number;
  readonly positions: number;
  /** [channels, positions]. */
  readonly data: Float32Array | Float64Array;
  /** Along the axes before that of the channels. */
  readonly before: number;
}

interface Block {
  readonly from: number;
  readonly size: number;
}

function blocksOf(channels: number): readonly Block[] {
  return Array.from({ length: Math.ceil(channels / blockSize) }, (_, b) => {
    const from = b * blockSize;
    return { from, size: Math.min(blockSize, channels - from) };
  });
}

/**
 * Errors that vary over positions and samples as the outputs do, but are not theirs: channels decorrelated (x = L⁻¹(y − ȳ)
 * with L·Lᵀ the covariance of a block of channels), mixed at random, and brought to a standard deviation each.
 */
export class OutputNoise {
  readonly #means: Float64Array;
  readonly #deviations: Float64Array;
  readonly #factors: readonly BlockedCholesky[] | undefined;
  readonly #random: SeededRandom;

  private constructor(
    means: Float64Array,
    deviations: Float64Array,
    factors: readonly BlockedCholesky[] | undefined,
    random: SeededRandom,
  ) {
    this.#means = means;
    this.#deviations = deviations;
    this.#factors = factors;
    this.#random = random;
  }

  /**
   * @param size standard deviations of the errors ÷ those of the outputs
   * @param random mixes; errors are white where too few rows of y are known to tell how its channels go together
   */
  static async of(moments: OutputMoments, size: number, random: SeededRandom, blas: Blas): Promise<OutputNoise> {
    const { variances, means, count } = moments;
    const deviations = variances.map((variance) => size * Math.sqrt(variance));
    const isKnown = count >= fewestRows * Math.min(blockSize, means.length) && deviations.every(Number.isFinite);
    const factors = isKnown ? await Promise.all(moments.covariances.map((block) => factorOf(block, blas))) : undefined;
    return new OutputNoise(means, deviations, factors, random);
  }

  /** @returns float64[channels, positions] */
  async error({ channels, positions, data }: ChannelRows, blas: Blas): Promise<Float64Array> {
    const error = this.#factors ? new Float64Array(data.length) : this.#random.normals(data.length);
    for (const [b, factor] of (this.#factors ?? []).entries()) {
      const from = b * blockSize * positions;
      const rows = data.subarray(from, from + factor.n * positions);
      error.set(await this.#mixed(factor, rows, this.#means.subarray(b * blockSize), blas), from);
    }
    for (let channel = 0; channel < channels; channel++) {
      const deviation = this.#deviations[channel] as number;
      for (let at = channel * positions; at < (channel + 1) * positions; at++)
        error[at] = deviation * (error[at] as number);
    }
    return error;
  }

  /** @param rows [size, positions] */
  async #mixed(
    factor: BlockedCholesky,
    rows: Float32Array | Float64Array,
    means: Float64Array,
    blas: Blas,
  ): Promise<Float64Array> {
    const size = factor.n;
    const positions = rows.length / size;
    const centred = new Float64Array(rows.length);
    for (let i = 0; i < size; i++)
      for (let at = i * positions; at < (i + 1) * positions; at++)
        centred[at] = (rows[at] as number) - (means[i] as number);
    const white = await blockedSolveLower(factor, centred, positions, blas);
    const mixture = this.#random.normals(size * size).map((value) => value / Math.sqrt(size));
    return blas.gemm64({ m: size, n: positions, k: size, a: mixture, b: white });
  }
}

/** Channels that never vary have no errors either: they only must not stop the others. */
async function factorOf(covariance: Float64Array, blas: Blas): Promise<BlockedCholesky> {
  const size = Math.sqrt(covariance.length);
  let mean = 0;
  for (let i = 0; i < size; i++) mean += (covariance[i * size + i] as number) / size;
  return blockedCholesky(covariance, size, blas, mean > 0 ? ridge * mean : 1);
}
