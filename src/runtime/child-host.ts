import { renameSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { diagnostics } from '../diagnostics.ts';
import { ChildConnection, type ChildLimits } from './child-connection.ts';
import { gemmModel } from './gemm-model.ts';
import type { ChildResults, PackedTensor } from './protocol.ts';
import { fileThreshold, writeTransferFile } from './transfer.js';
import type { Device, ModelSource, RuntimeOptions, SessionOptions } from './types.ts';

/** Sessions made before the child is exchanged for a fresh one: creating and releasing sessions leaks. */
const sessionsPerChild = 200;

const probeModel = gemmModel({ precision: 'float32', transA: false, transB: false });

/** Ten minutes. */
const defaultTimeout = 600_000;

/** Bytes of kept tensors in a child's memory. */
const defaultRoom = 2 ** 30;

/** The current child, its successors, and the line before it. */
export class ChildHost {
  readonly #limits: ChildLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.#child?.kill(this.#signal?.reason);
  #child: ChildConnection | undefined;
  #loads = 0;
  #sessions = 0;
  /** Holders of each tensor that the child keeps. */
  readonly #kept = new Map<number, number>();
  #ids = 0;
  readonly #dropped: number[] = [];
  #line: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor({
    timeout = defaultTimeout,
    memory = availableMemory() * 0.75,
    room = Math.min(defaultRoom, memory / 2),
    folder = tmpdir(),
    signal,
  }: RuntimeOptions) {
    this.#limits = { timeout, memory, room, folder };
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort);
  }

  freshSession(): number {
    return this.#sessions++;
  }

  /** Runs `task` after all that were handed in before. */
  inLine<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#line.then(() => {
      this.#signal?.throwIfAborted();
      return task();
    });
    this.#line = turn.catch(() => {});
    return turn;
  }

  /** The living child; a new one after a crash or when the old one has served its time. */
  async connect(): Promise<ChildConnection> {
    if (this.#closed) throw new Error('the runtime is closed');
    const old = this.#child;
    if (old && !old.ended && this.#loads < sessionsPerChild) return old;
    this.#loads = 0;
    const child = await ChildConnection.start(this.#limits);
    await this.#handOver(old, child);
    this.#child = child;
    // While it started, nobody had it to kill.
    if (this.#closed || this.#signal?.aborted) await child.kill();
    this.#signal?.throwIfAborted();
    if (this.#closed) throw new Error('the runtime was closed');
    return child;
  }

  /** Moves what the old child keeps to the new one; what a dead one kept is lost. */
  async #handOver(old: ChildConnection | undefined, child: ChildConnection): Promise<void> {
    try {
      if (this.#kept.size === 0 || !old || old.ended) this.#kept.clear();
      else {
        const tensors = await old.request({ kind: 'hand-over' });
        const moved = tensors.map(({ id, tensor }) => ({ id, tensor: moveFile(tensor, child.folder) }));
        await child.request({ kind: 'keep', tensors: moved });
      }
      await old?.kill();
    } catch (cause) {
      await child.kill();
      throw cause;
    }
  }

  /** Ids for tensors to be kept. @returns the first */
  freshIds(count: number): number {
    const first = this.#ids;
    this.#ids += count;
    return first;
  }

  /** One holder more of a tensor that the child keeps. */
  hold(id: number): void {
    this.#kept.set(id, (this.#kept.get(id) ?? 0) + 1);
  }

  /** @throws runtime-crashed where it is lost */
  checkKept(id: number): void {
    if (!this.#kept.has(id))
      throw diagnostics.runtimeCrashed('the process for ONNX Runtime has ended, and its tensors');
  }

  letGo(id: number): void {
    const holders = this.#kept.get(id);
    if (holders === undefined) return;
    if (holders > 1) this.#kept.set(id, holders - 1);
    else {
      this.#kept.delete(id);
      if (this.#dropped.push(id) === 1) this.inLine(() => this.#drop()).catch(() => {});
    }
  }

  async #drop(): Promise<void> {
    const ids = this.#dropped.splice(0);
    if (this.#child && !this.#child.ended) await this.#child.request({ kind: 'drop', ids });
  }

  /** @throws what the device, or a child that it ends, answers */
  async probe(device: Device): Promise<void> {
    await this.inLine(async () => (await this.connect()).request({ kind: 'probe', device, gemm: probeModel }));
  }

  async load(
    child: ChildConnection,
    session: number,
    source: ModelSource,
    options: SessionOptions,
  ): Promise<ChildResults['load']> {
    this.#loads++;
    const model = source instanceof Uint8Array ? packModel(source, child.folder) : source.path;
    const ports = await child.request({ kind: 'load', session, model, options });
    if (source instanceof Uint8Array && typeof model === 'string') rmSync(model, { force: true });
    return ports;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    await this.#child?.kill(new Error('the runtime was closed'));
  }
}

/** Large models go by file, so that the child's JavaScript never holds a copy. */
function packModel(bytes: Uint8Array, folder: string): Uint8Array | string {
  return bytes.byteLength < fileThreshold ? bytes : writeTransferFile(bytes, folder);
}

/** What one child wrote, for the other to read. */
function moveFile(tensor: PackedTensor, folder: string): PackedTensor {
  const { data } = tensor;
  if (!('file' in data)) return tensor;
  const file = join(folder, basename(data.file));
  renameSync(data.file, file);
  return { ...tensor, data: { ...data, file } };
}

/** Bytes this process and its children may use at all. */
function availableMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
