import type { Node, Value } from '../ir/index.ts';
import { type Blas, elementCount, type Moments } from '../numerics/index.ts';
import type { LinearOperator } from '../pass/index.ts';
import type { Observer, OperatorPair } from '../rewrite/index.ts';
import { GrowingBuffer, type KeptTensor, type Places } from '../runtime/index.ts';
import { MomentAccumulator } from './moment-accumulator.ts';
import { copyRows, type ReadRows, rowBlock, rowsOf } from './row-block.ts';
import { channelAxis, outputLayout } from './row-layout.ts';
import { placesOf } from './row-places.ts';
import { planRows, type RowPlan } from './row-plan.ts';
import { shortcutOf } from './shortcut.ts';
import type { Side } from './side.ts';

export interface ChunkSize {
  /** Samples that the model is fed with at once. */
  readonly fed: number;
  /** Samples among them that count, from the first; the others only fill a fixed batch. */
  readonly count: number;
  /** 0 for samples as they are; chunks of their copies follow in the same order. */
  readonly copy: number;
}

export interface LockstepOptions {
  readonly blas: Blas;
  readonly seed: number;
  readonly chunks: readonly ChunkSize[];
  /** Positions of each sample that go into the moments, at least; more where P asks for more rows. */
  readonly positions: number;
  /** Whether models may run on while somebody works with what was observed. */
  readonly besides: boolean;
}

/** The shortcut's value in both models. */
interface Shortcut {
  readonly original: Value;
  readonly rewritten: Value;
}

/** Tensors of one chunk that rows are read from. */
interface RowTensors {
  readonly input: KeptTensor;
  readonly output: KeptTensor;
  readonly residual: readonly [original: KeptTensor, rewritten: KeptTensor] | undefined;
}

/** Work to be done once. Whoever needs its results does again what failed, and hears why. */
class Upcoming {
  readonly #start: () => Promise<void>;
  running: Promise<void> | undefined;

  constructor(start: () => Promise<void>) {
    this.#start = start;
  }

  run(): Promise<void> {
    this.running ??= this.#start().catch(() => {});
    return this.running;
  }
}

/** Where the numbers of one chunk wait, while those of the next are under way to another. */
class ChunkBuffers {
  readonly input = new GrowingBuffer();
  readonly output = new GrowingBuffer();
  readonly residual = [new GrowingBuffer(), new GrowingBuffer()] as const;
}

/**
 * Original and rewritten model side by side, operator by operator in topological order. Inputs come from the model under
 * rewriting, wanted outputs from the original; where the output is added to a shortcut that is already known in both, what
 * the shortcut has lost is added to the wanted output (methods of Zhang et al. 2016 for asymmetric reconstruction).
 */
export class Lockstep implements Observer {
  readonly #original: Side;
  readonly #rewritten: Side;
  readonly #options: LockstepOptions;
  readonly #pending: Map<string, OperatorPair>;
  readonly #buffers = [new ChunkBuffers(), new ChunkBuffers()] as const;
  /** What the next operator needs, as far as it can be run already: the same for any number of threads. */
  #ahead: Upcoming | undefined;

  /** @param rewritten the same side twice observes one model alone */
  constructor(original: Side, rewritten: Side, pairs: readonly OperatorPair[], options: LockstepOptions) {
    this.#original = original;
    this.#rewritten = rewritten;
    this.#options = options;
    this.#pending = new Map(pairs.map((pair) => [pair.name, pair]));
  }

  /**
   * Moments of one operator, before it is rewritten; operators that come before it are not asked for any more.
   *
   * @throws runtime-rejected, runtime-crashed (5), timed-out, limit-exceeded (8)
   */
  async observe({ name }: OperatorPair): Promise<Moments | { readonly unobserved: string }> {
    const pair = this.#pending.get(name);
    if (!pair) throw new Error(`lockstep: ${name} was asked for out of order`);
    for (const earlier of this.#pending.keys()) {
      if (earlier === name) break;
      this.#pending.delete(earlier);
    }
    await this.#ahead?.run();
    const shortcut = this.#knownShortcut(pair);
    if (this.#original === this.#rewritten) await this.#computeAlone(pair);
    else await Promise.all([this.#computeRewritten(pair, shortcut), this.#computeOriginal(pair, shortcut)]);
    const moments = await this.#moments(pair, shortcut);
    this.#pending.delete(name);
    this.#ahead = this.#upcoming();
    if (this.#options.besides) void this.#ahead?.run();
    return moments.rows > 1 ? moments : { unobserved: `${moments.rows} rows of data reach it` };
  }

  async close(): Promise<void> {
    await this.#ahead?.running;
    this.#original.close();
    this.#rewritten.close();
  }

  /** What the next operator needs of the original does not depend on what becomes of this one. */
  #upcoming(): Upcoming | undefined {
    const [next] = this.#pending.values();
    if (!next) return undefined;
    if (this.#original === this.#rewritten) return new Upcoming(() => this.#computeAlone(next));
    const shortcut = this.#knownShortcut(next);
    return new Upcoming(() => this.#computeOriginal(next, shortcut));
  }

  #computeAlone(pair: OperatorPair): Promise<void> {
    const later = this.#after(pair).flatMap(({ original, rewritten }) => [
      rewritten.input,
      original.output,
      ...[shortcutOf(original) ?? []].flat(),
    ]);
    return this.#original.compute([pair.rewritten.input, pair.original.output], later);
  }

  #computeOriginal(pair: OperatorPair, shortcut: Shortcut | undefined): Promise<void> {
    const later = this.#after(pair).flatMap(({ original }) => [original.output, shortcutOf(original) ?? []].flat());
    return this.#original.compute([pair.original.output, ...(shortcut ? [shortcut.original] : [])], later);
  }

  #computeRewritten(pair: OperatorPair, shortcut: Shortcut | undefined): Promise<void> {
    const later = this.#after(pair).flatMap(({ rewritten }) => [rewritten.input, shortcutOf(rewritten) ?? []].flat());
    return this.#rewritten.compute([pair.rewritten.input, ...(shortcut ? [shortcut.rewritten] : [])], later);
  }

  /** Operators that may be asked for after this one. */
  #after(pair: OperatorPair): readonly OperatorPair[] {
    return [...this.#pending.values()].filter((other) => other !== pair);
  }

  /** The shortcut's value in both models, where it waits for no operator that is still to be rewritten. */
  #knownShortcut(pair: OperatorPair): Shortcut | undefined {
    if (this.#original === this.#rewritten) return undefined;
    const [original, rewritten] = [shortcutOf(pair.original), shortcutOf(pair.rewritten)];
    if (!original || !rewritten) return undefined;
    const pending = new Set<Node>([...this.#pending.values()].map((other) => other.rewritten.node));
    return this.#rewritten.isIndependentOf(rewritten, pending) ? { original, rewritten } : undefined;
  }

  async #moments(pair: OperatorPair, shortcut: Shortcut | undefined): Promise<Moments> {
    const { chunks, blas, seed, positions } = this.#options;
    const operator = pair.rewritten;
    const tensors = chunks.map((_, chunk) => this.#tensors(pair, shortcut, chunk));
    const perSample = tensors.map(({ output }, chunk) =>
      Math.floor(outputLayout(operator, output.dims).rows / (chunks[chunk] as ChunkSize).fed),
    );
    const plan = planRows({
      samples: chunks.reduce((sum, { count, copy }) => sum + (copy === 0 ? count : 0), 0),
      copies: Math.max(...chunks.map(({ copy }) => copy)) + 1,
      perSample: perSample[0] as number,
      patch: operator.inputs * elementCount(operator.kernelShape),
      positions,
      seed,
      name: pair.name,
    });
    const draws = drawRows(plan, chunks, perSample);
    const sums = new MomentAccumulator(operator, plan.fitted, blas);
    const judges = rowBlock(operator, plan.heldBack);
    let judged = 0;
    const read = (chunk: number) => this.#read(pair, tensors[chunk] as RowTensors, draws[chunk] as Drawn, chunk);
    let next = read(0);
    for (const [chunk, { fitted, heldBack }] of draws.entries()) {
      const rows = await next;
      if (chunk + 1 < draws.length) {
        next = read(chunk + 1);
        next.catch(() => {});
      }
      await sums.add(rows, fitted.length);
      copyRows(operator, rows, { from: fitted.length, count: heldBack.length }, judges, judged);
      judged += heldBack.length;
    }
    return { rows: sums.rows, groups: await sums.finish(), heldBack: judged > 0 ? rowsOf(judges, judged) : undefined };
  }

  #tensors({ original, rewritten, kept }: OperatorPair, shortcut: Shortcut | undefined, chunk: number): RowTensors {
    const output = this.#original.tensor(original.output, chunk);
    const [a, b] = shortcut
      ? [this.#original.tensor(shortcut.original, chunk), this.#rewritten.tensor(shortcut.rewritten, chunk)]
      : [];
    const fits = a && b && sameDims(a, output) && b.dims.join() === dimsLeft(rewritten, output.dims, kept).join();
    return { input: this.#rewritten.tensor(rewritten.input, chunk), output, residual: fits ? [a, b] : undefined };
  }

  /** The rows of one chunk, those that are fitted first. Valid until the next chunk but one is read. */
  async #read(
    { rewritten, kept }: OperatorPair,
    { input, output, residual }: RowTensors,
    { fitted, heldBack }: Drawn,
    chunk: number,
  ): Promise<ReadRows> {
    const source = { inputDims: input.dims, outputDims: output.dims, keptOutputs: kept?.outputs };
    const places = placesOf(rewritten, source, Int32Array.of(...fitted, ...heldBack));
    const buffers = this.#buffers[chunk % 2] as ChunkBuffers;
    const gather = async (tensor: KeptTensor, where: Places, into: GrowingBuffer) => ({
      dtype: tensor.dtype,
      data: await tensor.gather(where, into),
    });
    const [x, y, lost] = await Promise.all([
      gather(input, places.input, buffers.input),
      gather(output, places.wanted, buffers.output),
      residual &&
        Promise.all([
          gather(residual[0], places.wanted, buffers.residual[0]),
          gather(residual[1], places.output, buffers.residual[1]),
        ]),
    ]);
    return { places, input: x, output: y, residual: lost };
  }
}

/** Numbers of rows in one chunk. */
interface Drawn {
  readonly fitted: Int32Array;
  readonly heldBack: Int32Array;
}

function drawRows(plan: RowPlan, chunks: readonly ChunkSize[], perSample: readonly number[]): readonly Drawn[] {
  let sample = 0;
  let judges = plan.heldBack;
  return chunks.map(({ count, copy }, chunk) => {
    if (copy !== chunks[chunk - 1]?.copy) sample = 0;
    const size = perSample[chunk] as number;
    const fitted: number[] = [];
    const heldBack: number[] = [];
    for (let k = 0; k < count; k++, sample++) {
      const drawn = plan.draw(sample, copy, size);
      for (const row of drawn.fitted) fitted.push(k * size + row);
      for (const row of drawn.heldBack.subarray(0, judges - heldBack.length)) heldBack.push(k * size + row);
    }
    judges -= heldBack.length;
    return { fitted: Int32Array.from(fitted), heldBack: Int32Array.from(heldBack) };
  });
}

/** Dims of the output without the channels that are gone. */
function dimsLeft(operator: LinearOperator, dims: readonly number[], kept: OperatorPair['kept']): readonly number[] {
  return kept?.outputs ? dims.with(channelAxis(operator, dims), kept.outputs.length) : dims;
}

function sameDims(a: KeptTensor, b: KeptTensor): boolean {
  return a.dims.join() === b.dims.join();
}
