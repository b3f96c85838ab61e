import type { Dataset } from '../data/index.ts';
import type { Direction, Gradient, GradientModel } from '../gradient/index.ts';
import type { Node } from '../ir/index.ts';
import { addGram, type Blas, elementCount, type SeededRandom, seededRandom } from '../numerics/index.ts';
import type { Feeds, ModelSource, Runtime, RuntimeSession, RuntimeTensor } from '../runtime/index.ts';

export interface GradientGramOptions {
  readonly dataset: Dataset;
  /** Samples that go through the model together: those for which it was made. */
  readonly batch: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly blas: Blas;
}

/** Samples to look at: as many as give each node some rows for each of its channels. */
const samples = { least: 128, most: 256 };
const rowsPerChannel = 4;

/** Channels of a group from which on a Gram matrix costs more than it tells. */
export const mostChannels = 2048;

/**
 * Which errors of a node's output y arrive at the model's outputs z: H = E[g gᵀ] with g = ∂⟨v, z⟩/∂y at one position and v
 * normal, its variance 1 ÷ that of z. A small error e of y then changes z by E‖Δz‖²/Σvar(z) = tr(H·E[e eᵀ]) but for what
 * errors at several positions have in common (the second factor of Martens & Grosse 2015, arXiv:1503.05671, §3.1, with the
 * outputs' own scale for the loss; for convolutions Grosse & Martens 2016, arXiv:1602.01407).
 *
 * Drawn towards a multiple of the identity as far as one half of the samples differs from the other (GramSum).
 *
 * One forward and one backward pass for each sample, on one thread.
 *
 * @param source of the model of `gradients`
 * @param dataset two batches at least
 * @returns by node and group, [T, T], numbers of float32; nodes whose sums would take more than 1 GiB together, the widest
 * first, are missing
 * @throws runtime-rejected, runtime-crashed (5), timed-out, limit-exceeded (8)
 */
export async function measureGradientGrams(
  runtime: Runtime,
  { gradients, directions }: GradientModel,
  source: ModelSource,
  { dataset, batch, seed, signal, blas }: GradientGramOptions,
): Promise<ReadonlyMap<Node, readonly Float64Array[]>> {
  const sums = affordable(gradients).map(([node, gradient]) => new GramSum(node, gradient));
  const some = dataset.some(
    samplesFor(
      sums.map(({ gradient }) => gradient),
      batch,
    ),
  );
  const session = await runtime.load(source, { threads: 1 });
  try {
    const scales = await scalesOf(session, directions, wholeBatches(some, batch), batch);
    const random = new Map(directions.map(({ input }) => [input, seededRandom(seed, `direction at ${input}`)]));
    for await (const feeds of wholeBatches(some, batch)) {
      signal.throwIfAborted();
      const results = await session.run({ ...feeds, ...directed(directions, (one) => draw(one, random, scales)) });
      for (const sum of sums) {
        const tensor = results[sum.gradient.output];
        if (tensor) await sum.add(tensor, blas);
      }
    }
  } finally {
    await session.release();
  }
  return new Map(sums.flatMap((sum) => (sum.isKnown ? [[sum.node, sum.grams] as const] : [])));
}

/** Bytes that sums may take. */
const mostBytes = 2 ** 30;

/** The narrowest nodes whose sums have room. */
function affordable(gradients: ReadonlyMap<Node, Gradient>): readonly (readonly [Node, Gradient])[] {
  const bytes = ({ groups, channels }: Gradient) => 2 * Float64Array.BYTES_PER_ELEMENT * groups * channels ** 2;
  let [left, widest] = [mostBytes, 0];
  for (const size of [...gradients.values()].map(bytes).sort((a, b) => a - b)) {
    if (size > left) break;
    [left, widest] = [left - size, size];
  }
  return [...gradients].filter(([, gradient]) => bytes(gradient) <= widest);
}

function samplesFor(gradients: readonly Gradient[], batch: number): number {
  const wanted = gradients.map(({ channels, rows }) => (rowsPerChannel * channels) / rows);
  const least = Math.max(samples.least, batch * Math.ceil(Math.max(...wanted)));
  return batch * Math.max(2, Math.floor(Math.min(samples.most, least) / batch));
}

/** What the last batch lacks of a whole one is not made up for. */
async function* wholeBatches(dataset: Dataset, batch: number): AsyncIterable<Feeds> {
  for await (const { feeds, count } of dataset.batches(batch)) if (count === batch) yield feeds;
}

function directed(directions: readonly Direction[], valuesOf: (direction: Direction) => Float64Array): Feeds {
  return Object.fromEntries(
    directions.map((direction) => {
      const { input, dtype, dims } = direction;
      const values = valuesOf(direction);
      return [input, { dtype, dims, data: dtype === 'float64' ? values : new Float32Array(values) }];
    }),
  );
}

function draw(
  { input, dims }: Direction,
  random: ReadonlyMap<string, SeededRandom>,
  scales: ReadonlyMap<string, number>,
): Float64Array {
  const scale = scales.get(input) ?? 1;
  const normals = random.get(input)?.normals(elementCount(dims)) ?? new Float64Array();
  return normals.map((value) => scale * value);
}

/** 1 ÷ √Σvar(z) of each output: together they count as in `outputError`. Of a single one the scale does not matter. */
async function scalesOf(
  session: RuntimeSession,
  directions: readonly Direction[],
  batches: AsyncIterable<Feeds>,
  size: number,
): Promise<ReadonlyMap<string, number>> {
  if (directions.length < 2) return new Map();
  const outputs = directions.map((direction) => ({ direction, spread: new Spread() }));
  const still = directed(directions, ({ dims }) => new Float64Array(elementCount(dims)));
  for await (const feeds of batches) {
    const results = await session.run({ ...feeds, ...still });
    for (const { direction, spread } of outputs) spread.add(results[direction.output], size);
  }
  return new Map(
    outputs.map(({ direction, spread: { variance } }) => [direction.input, variance > 0 ? 1 / Math.sqrt(variance) : 0]),
  );
}

/** How an output varies from sample to sample. */
class Spread {
  #sums = new Float64Array();
  #squares = new Float64Array();
  #rows = 0;
  /** How much of a row is one sample's. */
  #share = 1;

  /** @param fed samples: in rows of the tensor, or somewhere in it */
  add(tensor: RuntimeTensor | undefined, fed: number): void {
    const { data, dims = [] } = tensor ?? {};
    if (!isReal(data)) return;
    const batch = dims[0] === fed ? fed : 1;
    const size = data.length / batch;
    this.#share = batch / fed;
    if (this.#rows === 0) [this.#sums, this.#squares] = [new Float64Array(size), new Float64Array(size)];
    for (const [at, value] of data.entries()) {
      const i = at % size;
      this.#sums[i] = (this.#sums[i] as number) + value;
      this.#squares[i] = (this.#squares[i] as number) + value * value;
    }
    this.#rows += batch;
  }

  /** Σ over the elements of a sample. */
  get variance(): number {
    const n = this.#rows;
    return (
      this.#share *
      this.#squares.reduce((sum, square, i) => sum + Math.max(0, square / n - ((this.#sums[i] ?? 0) / n) ** 2), 0)
    );
  }
}

function isReal(data: RuntimeTensor['data'] | undefined): data is Float32Array | Float64Array {
  return data instanceof Float32Array || data instanceof Float64Array;
}

/**
 * Σ g gᵀ of one node, apart for two halves of the samples. Few samples tell little of many channels: behind a mean over all
 * positions the gradients of one sample all point the same way, and of 128 directions in 1000 channels nothing follows for
 * the others. So H is drawn towards the mean of its diagonal, H̄ = ρμI + (1 − ρ)H, by what minimises the expected error
 * ‖H̄ − E H‖_F (Ledoit & Wolf 2004, J. Multivariate Anal. 88): ρ = E‖H − E H‖² ÷ ‖H − μI‖², and the halves tell the noise,
 * E‖H − E H‖² ≈ ‖H₁ − H₂‖²/4, whatever rows of one sample have in common.
 */
class GramSum {
  readonly node: Node;
  readonly gradient: Gradient;
  readonly #halves: readonly [Half, Half];
  #runs = 0;

  constructor(node: Node, gradient: Gradient) {
    this.node = node;
    this.gradient = gradient;
    this.#halves = [new Half(gradient), new Half(gradient)];
  }

  async add({ data }: RuntimeTensor, blas: Blas): Promise<void> {
    if (isReal(data)) await this.#halves[this.#runs++ % 2 === 0 ? 0 : 1].add(data, this.gradient, blas);
  }

  get grams(): readonly Float64Array[] {
    const [first, second] = this.#halves;
    return first.sums.map((sum, g) => {
      const [a, b] = [sum.map((value) => value / first.rows), second.sums[g]?.map((value) => value / second.rows)];
      return drawn(a, b ?? a);
    });
  }

  /** Whether there is something to go by: finite gradients of both halves. */
  get isKnown(): boolean {
    return this.#runs > 1 && this.#halves.every(({ sums }) => sums.every((sum) => sum.every(Number.isFinite)));
  }
}

class Half {
  readonly sums: readonly Float64Array[];
  rows = 0;

  constructor({ groups, channels }: Gradient) {
    this.sums = Array.from({ length: groups }, () => new Float64Array(channels ** 2));
  }

  async add(data: Float32Array | Float64Array, { channels, isGram, rows }: Gradient, blas: Blas): Promise<void> {
    const size = data.length / this.sums.length;
    for (const [g, sum] of this.sums.entries()) {
      const part = data.subarray(g * size, (g + 1) * size);
      if (isGram) for (let i = 0; i < size; i++) sum[i] = (sum[i] as number) + (part[i] as number);
      else await addGram(sum, { data: part, rows: channels, columns: rows }, blas, 'float32');
    }
    this.rows += rows;
  }
}

/** ρμI + (1 − ρ)H of two halves, rounded to float32 as it is kept in files. */
function drawn(a: Float64Array, b: Float64Array): Float64Array {
  const n = Math.sqrt(a.length);
  let [mean, noise, spread] = [0, 0, 0];
  for (let i = 0; i < n; i++) mean += ((a[i * n + i] as number) + (b[i * n + i] as number)) / (2 * n);
  const target = (i: number) => (i % (n + 1) === 0 ? mean : 0);
  const own = a.map((value, i) => (value + (b[i] as number)) / 2);
  for (const [i, value] of own.entries()) {
    noise += ((a[i] as number) - (b[i] as number)) ** 2 / 4;
    spread += (value - target(i)) ** 2;
  }
  const share = spread > 0 ? Math.min(1, noise / spread) : 1;
  return own.map((value, i) => Math.fround(share * target(i) + (1 - share) * value));
}
