import type { Node, Value } from '../ir/index.ts';
import { type Blas, elementCount, type Moments } from '../numerics/index.ts';
import type { LinearOperator } from '../pass/index.ts';
import type { Observer, OperatorPair } from '../rewrite/index.ts';
import type { RuntimeTensor } from '../runtime/index.ts';
import { MomentAccumulator } from './moment-accumulator.ts';
import { copyRows, type RowSource, rowBlock, rowsOf } from './row-block.ts';
import { channelAxis, outputLayout } from './row-layout.ts';
import { planRows } from './row-plan.ts';
import { shortcutOf } from './shortcut.ts';
import type { Side } from './side.ts';
import type { TensorPool } from './tensor-pool.ts';

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
}

/**
 * Original and rewritten model side by side, operator by operator in topological order. Inputs come from the model under
 * rewriting, wanted outputs from the original; where the output is added to a shortcut that is already known in both, what
 * the shortcut has lost is added to the wanted output (methods of Zhang et al. 2016 for asymmetric reconstruction).
 */
export class Lockstep implements Observer {
  readonly #original: Side;
  readonly #rewritten: Side;
  readonly #pool: TensorPool;
  readonly #options: LockstepOptions;
  readonly #pending: Map<string, OperatorPair>;

  /**
   * @param rewritten the same side twice observes one model alone
   * @param pool where both keep their tensors; closed with them
   */
  constructor(
    original: Side,
    rewritten: Side,
    pairs: readonly OperatorPair[],
    pool: TensorPool,
    options: LockstepOptions,
  ) {
    this.#original = original;
    this.#rewritten = rewritten;
    this.#pool = pool;
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
    const shortcut = this.#knownShortcut(pair);
    const inputs = [pair.rewritten.input, ...(shortcut ? [shortcut.rewritten] : [])];
    const outputs = [pair.original.output, ...(shortcut ? [shortcut.original] : [])];
    const later = [...this.#pending.values()].filter((other) => other !== pair);
    const inputsAhead = later.flatMap(({ rewritten }) => [rewritten.input, shortcutOf(rewritten) ?? []].flat());
    const outputsAhead = later.flatMap(({ original }) => [original.output, shortcutOf(original) ?? []].flat());
    if (this.#original === this.#rewritten)
      await this.#original.compute([...inputs, ...outputs], [...inputsAhead, ...outputsAhead]);
    else
      await Promise.all([this.#rewritten.compute(inputs, inputsAhead), this.#original.compute(outputs, outputsAhead)]);
    const moments = await this.#moments(pair, shortcut);
    this.#pending.delete(name);
    return moments.rows > 1 ? moments : { unobserved: `${moments.rows} rows of data reach it` };
  }

  async close(): Promise<void> {
    await this.#original.close();
    await this.#rewritten.close();
    await this.#pool.close();
  }

  /** The shortcut's value in both models, where it waits for no operator that is still to be rewritten. */
  #knownShortcut(pair: OperatorPair): { readonly original: Value; readonly rewritten: Value } | undefined {
    if (this.#original === this.#rewritten) return undefined;
    const [original, rewritten] = [shortcutOf(pair.original), shortcutOf(pair.rewritten)];
    if (!original || !rewritten) return undefined;
    const pending = new Set<Node>([...this.#pending.values()].map((other) => other.rewritten.node));
    return this.#rewritten.isIndependentOf(rewritten, pending) ? { original, rewritten } : undefined;
  }

  async #moments(
    pair: OperatorPair,
    shortcut: { readonly original: Value; readonly rewritten: Value } | undefined,
  ): Promise<Moments> {
    const { chunks, blas, seed, positions } = this.#options;
    const operator = pair.rewritten;
    const perSample = ({ output }: RowSource, chunk: number) =>
      Math.floor(outputLayout(operator, output.dims).rows / (chunks[chunk] as ChunkSize).fed);
    const first = await this.#source(pair, shortcut, 0);
    const plan = planRows({
      samples: chunks.reduce((sum, { count, copy }) => sum + (copy === 0 ? count : 0), 0),
      copies: Math.max(...chunks.map(({ copy }) => copy)) + 1,
      perSample: perSample(first, 0),
      patch: operator.inputs * elementCount(operator.kernelShape),
      positions,
      seed,
      name: pair.name,
    });
    const sums = new MomentAccumulator(operator, plan.fitted, blas);
    const judges = rowBlock(operator, plan.heldBack);
    let judged = 0;
    let sample = 0;
    for (const [chunk, { count, copy }] of chunks.entries()) {
      if (copy !== chunks[chunk - 1]?.copy) sample = 0;
      const source = chunk === 0 ? first : await this.#source(pair, shortcut, chunk);
      const size = perSample(source, chunk);
      for (let k = 0; k < count; k++, sample++) {
        const { fitted, heldBack } = plan.draw(sample, copy, size);
        await sums.add(
          source,
          fitted.map((row) => k * size + row),
        );
        const free = heldBack.subarray(0, plan.heldBack - judged);
        copyRows(
          operator,
          source,
          free.map((row) => k * size + row),
          judges,
          judged,
        );
        judged += free.length;
      }
    }
    return { rows: sums.rows, groups: await sums.finish(), heldBack: judged > 0 ? rowsOf(judges, judged) : undefined };
  }

  async #source(
    { original, rewritten, kept }: OperatorPair,
    shortcut: { readonly original: Value; readonly rewritten: Value } | undefined,
    chunk: number,
  ): Promise<RowSource> {
    const read = async (side: Side, value: Value) => {
      const tensor = await side.read(value, chunk);
      if (!tensor) throw new Error(`lockstep: ${value.name} is no tensor`);
      return tensor;
    };
    const output = await read(this.#original, original.output);
    const [a, b] = shortcut
      ? [await read(this.#original, shortcut.original), await read(this.#rewritten, shortcut.rewritten)]
      : [];
    const keptOutputs = kept?.outputs;
    const fits = a && b && sameDims(a, output) && b.dims.join() === dimsLeft(rewritten, output.dims, kept).join();
    return {
      input: await read(this.#rewritten, rewritten.input),
      output,
      keptOutputs,
      residual: fits ? [a, b] : undefined,
    };
  }
}

/** Dims of the output without the channels that are gone. */
function dimsLeft(operator: LinearOperator, dims: readonly number[], kept: OperatorPair['kept']): readonly number[] {
  return kept?.outputs ? dims.with(channelAxis(operator, dims), kept.outputs.length) : dims;
}

function sameDims(a: RuntimeTensor, b: RuntimeTensor): boolean {
  return a.dims.join() === b.dims.join();
}
