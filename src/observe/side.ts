import { type Model, type Node, topologicalOrder, type Value } from '../ir/index.ts';
import { writeModel } from '../onnx/index.ts';
import type { KeepingRuntime, KeptTensor, KeptTensors } from '../runtime/index.ts';
import { closure, reads } from './closure.ts';
import { cutSegment, type FeedType } from './segment.ts';

/** A tensor for every chunk of samples. */
type Chunks = readonly KeptTensor[];

/**
 * One of the two models, run stretch by stretch over all samples: of what was computed, only that is kept which is still
 * to be read. The model may change between stretches wherever it has not run yet.
 *
 * Values that are no tensors (sequences, optionals) cannot travel; the stretch that needs one computes it again.
 */
export class Side {
  readonly model: Model;
  readonly #runtime: KeepingRuntime;
  readonly #signal: AbortSignal;
  readonly #stored = new Map<Value, Chunks>();

  /** @param feeds per chunk, for every input that samples are fed to: this side lets go of them */
  constructor(model: Model, feeds: readonly KeptTensors[], runtime: KeepingRuntime, signal: AbortSignal) {
    this.model = model;
    this.#runtime = runtime;
    this.#signal = signal;
    for (const input of model.graph.inputs) {
      const chunks = feeds.flatMap((feed) => feed[input.name] ?? []);
      if (chunks.length > 0) this.#stored.set(input, chunks);
    }
  }

  /** Whether `value` does not rest on any of `nodes` that still would have to run. */
  isIndependentOf(value: Value, nodes: ReadonlySet<Node>): boolean {
    return ![...closure([value], this.#atHand).nodes].some((node) => nodes.has(node));
  }

  /**
   * Runs what `wanted` needs, over all samples.
   *
   * @param ahead values that will be wanted later: what they need and is at hand stays, all else is let go
   * @throws runtime-rejected, runtime-crashed (5), timed-out, limit-exceeded (8)
   */
  async compute(wanted: readonly Value[], ahead: readonly Value[]): Promise<void> {
    const targets = [...wanted, ...ahead];
    const { nodes, boundary } = closure(wanted, this.#atHand);
    if (nodes.size > 0) await this.#run(nodes, boundary, this.#toKeep(nodes, targets));
    const needed = closure(targets, this.#atHand).boundary;
    for (const [value, chunks] of this.#stored) {
      if (needed.has(value)) continue;
      this.#stored.delete(value);
      for (const chunk of chunks) chunk.release();
    }
  }

  /** @throws where ONNX Runtime did not return it as a tensor */
  tensor(value: Value, chunk: number): KeptTensor {
    const tensor = this.#stored.get(value)?.[chunk];
    if (!tensor) throw new Error(`lockstep: ${value.name} is no tensor`);
    return tensor;
  }

  close(): void {
    for (const chunks of this.#stored.values()) for (const chunk of chunks) chunk.release();
    this.#stored.clear();
  }

  readonly #atHand = (value: Value) => this.#stored.has(value);

  /** Outputs of `nodes` that are targets themselves or that nodes to be run later read; constants are not worth it. */
  #toKeep(nodes: ReadonlySet<Node>, targets: readonly Value[]): readonly Value[] {
    const later = closure(targets, this.#atHand).nodes;
    const read = new Set(targets);
    for (const node of later) if (!nodes.has(node)) for (const value of reads(node)) read.add(value);
    const fed = this.#fedNodes();
    const kept: Value[] = [];
    for (const node of nodes) {
      if (!fed.has(node) && !node.outputs.some((value) => value && targets.includes(value))) continue;
      for (const value of node.outputs) if (value && read.has(value)) kept.push(value);
    }
    return kept;
  }

  /** Nodes that rest on samples. */
  #fedNodes(): ReadonlySet<Node> {
    const fed = new Set<Node>();
    const inputs = new Set(this.model.graph.inputs.filter((value) => !value.isInitializer));
    for (const node of topologicalOrder(this.model.graph).nodes ?? []) {
      const restsOnSamples = reads(node).some(
        (value) => inputs.has(value) || (value.producer !== undefined && fed.has(value.producer)),
      );
      if (restsOnSamples) fed.add(node);
    }
    return fed;
  }

  async #run(nodes: ReadonlySet<Node>, boundary: ReadonlySet<Value>, outputs: readonly Value[]): Promise<void> {
    const inputs = new Map([...boundary].map((value) => [value, feedType(this.#stored.get(value) ?? [])]));
    const segment = cutSegment(this.model, nodes, inputs, outputs);
    const session = await this.#runtime.load(writeModel(segment), { threads: 1 });
    try {
      this.#signal.throwIfAborted();
      const count = Math.max(...[...this.#stored.values()].map(({ length }) => length));
      const feeds = Array.from({ length: count }, (_, chunk) => this.#feeds(boundary, chunk));
      const returned = await session.runKept(feeds);
      for (const value of outputs) {
        const chunks = returned.flatMap((tensors) => tensors[value.name] ?? []);
        if (chunks.length > 0) this.#stored.set(value, chunks);
      }
    } finally {
      await session.release();
    }
  }

  #feeds(values: ReadonlySet<Value>, chunk: number): KeptTensors {
    const feeds: Record<string, KeptTensor> = {};
    for (const value of values) {
      const tensor = this.#stored.get(value)?.[chunk];
      if (tensor) feeds[value.name] = tensor;
    }
    return feeds;
  }
}

function feedType(chunks: Chunks): FeedType {
  const [first, ...others] = chunks;
  if (!first) throw new Error('feedType: a value at hand has no chunks');
  const alike = others.every(({ dims }) => dims.length === first.dims.length);
  return {
    dtype: first.dtype,
    shape: alike
      ? first.dims.map((dim, axis) => (others.every(({ dims }) => dims[axis] === dim) ? dim : undefined))
      : undefined,
  };
}
