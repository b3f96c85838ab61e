import type { Node, Value } from '../ir/index.ts';
import type { Moments } from '../numerics/index.ts';
import type { Observer, OperatorPair } from '../rewrite/index.ts';
import type { KeptTensor } from '../runtime/index.ts';
import { keptDims } from './row-layout.ts';
import { RowReader, type RowReaderOptions, type RowTensors } from './row-reader.ts';
import { shortcutOf } from './shortcut.ts';
import type { Side } from './side.ts';

export interface LockstepOptions extends RowReaderOptions {
  /** Whether models may run on while somebody works with what was observed. */
  readonly besides: boolean;
}

/** The shortcut's value in both models. */
interface Shortcut {
  readonly original: Value;
  readonly rewritten: Value;
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
  readonly #reader: RowReader;
  /** What the next operator needs, as far as it can be run already: the same for any number of threads. */
  #ahead: Upcoming | undefined;

  /** @param rewritten the same side twice observes one model alone */
  constructor(original: Side, rewritten: Side, pairs: readonly OperatorPair[], options: LockstepOptions) {
    this.#original = original;
    this.#rewritten = rewritten;
    this.#options = options;
    this.#reader = new RowReader(options);
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
    const tensors = this.#options.chunks.map((_, chunk) => this.#tensors(pair, shortcut, chunk));
    const moments = await this.#reader.moments(pair, tensors);
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

  #tensors({ original, rewritten, kept }: OperatorPair, shortcut: Shortcut | undefined, chunk: number): RowTensors {
    const output = this.#original.tensor(original.output, chunk);
    const [a, b] = shortcut
      ? [this.#original.tensor(shortcut.original, chunk), this.#rewritten.tensor(shortcut.rewritten, chunk)]
      : [];
    const fits =
      a && b && sameDims(a, output) && b.dims.join() === keptDims(rewritten, output.dims, kept?.outputs).join();
    return { input: this.#rewritten.tensor(rewritten.input, chunk), output, residual: fits ? [a, b] : undefined };
  }
}

function sameDims(a: KeptTensor, b: KeptTensor): boolean {
  return a.dims.join() === b.dims.join();
}
