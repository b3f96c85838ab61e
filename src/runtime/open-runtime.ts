import { rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { ChildConnection, type ChildLimits } from './child-connection.ts';
import { gemmModel } from './gemm-model.ts';
import type { ChildResults } from './protocol.ts';
import { requireDevice } from './require-device.ts';
import { fileThreshold, packTensors, unpackTensors, writeTransferFile } from './transfer.js';
import type {
  Device,
  Feeds,
  ModelSource,
  Runtime,
  RuntimeOptions,
  RuntimePort,
  RuntimeSession,
  SessionOptions,
} from './types.ts';

/** Sessions made before the child is exchanged for a fresh one: creating and releasing sessions leaks. */
const sessionsPerChild = 200;

const probeModel = gemmModel({ precision: 'float32', transA: false, transB: false });

/** Ten minutes. */
const defaultTimeout = 600_000;

/**
 * ONNX Runtime in a child process.
 *
 * One child works at a time and requests wait in line. When it dies, the request under way fails with the cause, and
 * the next one gets a fresh child in which its session is loaded again: sessions outlive crashes.
 *
 * @param options.memory default: three quarters of the machine's (or the container's) memory
 * @throws runtime-missing when onnxruntime-node is not installed; device-missing; the signal's reason when it is aborted
 */
export async function openRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const host = new ChildHost(options);
  await host.inLine(() => host.connect());
  await requireDevice(options.device ?? 'cpu', (device) => host.probe(device)).catch(async (cause: unknown) => {
    await host.close();
    throw cause;
  });
  return {
    load: (model, sessionOptions = {}) =>
      openSession(host, model, { threads: options.threads ?? 1, ...sessionOptions }),
    close: () => host.close(),
  };
}

/** The current child, its successors, and the line before it. */
class ChildHost {
  readonly #limits: ChildLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.#child?.kill(this.#signal?.reason);
  #child: ChildConnection | undefined;
  #loads = 0;
  #sessions = 0;
  #line: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor({
    timeout = defaultTimeout,
    memory = availableMemory() * 0.75,
    folder = tmpdir(),
    signal,
  }: RuntimeOptions) {
    this.#limits = { timeout, memory, folder };
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
    if (this.#child && this.#loads >= sessionsPerChild) await this.#child.kill();
    if (this.#child && !this.#child.ended && this.#loads < sessionsPerChild) return this.#child;
    this.#loads = 0;
    this.#child = await ChildConnection.start(this.#limits);
    // While it started, nobody had it to kill.
    if (this.#closed || this.#signal?.aborted) await this.#child.kill();
    this.#signal?.throwIfAborted();
    if (this.#closed) throw new Error('the runtime was closed');
    return this.#child;
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

async function openSession(host: ChildHost, model: ModelSource, options: SessionOptions): Promise<RuntimeSession> {
  const id = host.freshSession();
  let home: ChildConnection | undefined;
  let ports: { readonly inputs: readonly RuntimePort[]; readonly outputs: readonly RuntimePort[] };
  let timedFeeds: Feeds | undefined;

  /** The child that has the session loaded. */
  const settle = async (): Promise<ChildConnection> => {
    const child = await host.connect();
    if (home === child) return child;
    ports = await host.load(child, id, model, options);
    timedFeeds = undefined;
    home = child;
    return child;
  };
  await host.inLine(settle);
  return {
    get inputs() {
      return ports.inputs;
    },
    get outputs() {
      return ports.outputs;
    },
    run: (feeds) =>
      host.inLine(async () => {
        const child = await settle();
        return unpackTensors(
          await child.request({ kind: 'run', session: id, feeds: packTensors(feeds, child.folder) }),
        );
      }),
    time: (feeds, runs) =>
      host.inLine(async () => {
        const child = await settle();
        const packed = feeds === timedFeeds ? null : packTensors(feeds, child.folder);
        timedFeeds = undefined;
        const times = await child.request({ kind: 'time', session: id, feeds: packed, runs });
        timedFeeds = feeds;
        return times;
      }),
    release: () =>
      host.inLine(async () => {
        if (home && !home.ended) await home.request({ kind: 'release', session: id });
        home = undefined;
      }),
  };
}

/** Bytes this process and its children may use at all. */
function availableMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
