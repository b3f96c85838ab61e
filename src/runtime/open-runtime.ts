import type { ChildConnection } from './child-connection.ts';
import { ChildHost } from './child-host.ts';
import { keptTensor } from './kept-tensor.ts';
import { requireDevice } from './require-device.ts';
import { packTensors, unpackTensors } from './transfer.js';
import type {
  Feeds,
  KeepingRuntime,
  KeepingSession,
  ModelSource,
  RuntimeOptions,
  RuntimePort,
  SessionOptions,
} from './types.ts';

/**
 * ONNX Runtime in a child process.
 *
 * One child works at a time and requests wait in line. When it dies, the request under way fails with the cause, and
 * the next one gets a fresh child in which its session is loaded again: sessions outlive crashes.
 *
 * @param options.memory default: three quarters of the machine's (or the container's) memory
 * @throws runtime-missing when onnxruntime-node is not installed; device-missing; the signal's reason when it is aborted
 */
export async function openRuntime(options: RuntimeOptions = {}): Promise<KeepingRuntime> {
  const host = new ChildHost(options);
  await host.inLine(() => host.connect());
  await requireDevice(options.device ?? 'cpu', (device) => host.probe(device)).catch(async (cause: unknown) => {
    await host.close();
    throw cause;
  });
  return {
    load: (model, sessionOptions = {}) =>
      openSession(host, model, { threads: options.threads ?? 1, ...sessionOptions }),
    keep: (tensor) =>
      host.inLine(async () => {
        const child = await host.connect();
        const id = host.freshIds(1);
        const [packed] = Object.values(packTensors({ tensor }, child.folder));
        const [port] = await child.request({ kind: 'keep', tensors: packed ? [{ id, tensor: packed }] : [] });
        if (!port) throw new Error('keep: the child returned nothing');
        return keptTensor(host, port);
      }),
    close: () => host.close(),
  };
}

async function openSession(host: ChildHost, model: ModelSource, options: SessionOptions): Promise<KeepingSession> {
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
    runKept: (feeds) =>
      host.inLine(async () => {
        const child = await settle();
        const ids = feeds.map((set) => Object.fromEntries(Object.entries(set).map(([name, { id }]) => [name, id])));
        for (const set of ids) for (const id of Object.values(set)) host.checkKept(id);
        const firstId = host.freshIds(feeds.length * ports.outputs.length);
        const answers = await child.request({ kind: 'run-kept', session: id, feeds: ids, firstId }, feeds.length);
        return answers.map((answer) =>
          Object.fromEntries(Object.entries(answer).map(([name, port]) => [name, keptTensor(host, port)])),
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
