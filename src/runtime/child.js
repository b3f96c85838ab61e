/**
 * The process that hosts ONNX Runtime: plain JavaScript, so that it starts from the sources and from the build alike.
 * The parent sends one request at a time. A native crash ends this process only.
 */
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { fromOrtTensor, toOrtTensor } from './ort-tensor.js';
import { TensorStore } from './tensor-store.js';
import { packTensors, unpackTensors } from './transfer.js';

/** @typedef {import('onnxruntime-node').InferenceSession} InferenceSession */
/** @typedef {{ session: InferenceSession, feeds?: Record<string, import('onnxruntime-node').Tensor> }} Loaded */

/** @type {import('./protocol.ts').ChildSettings} */
const settings = JSON.parse(process.argv[2] ?? '{}');

/** @type {Map<number, Loaded>} */
const sessions = new Map();

process.on('disconnect', () => {
  rmSync(settings.folder, { recursive: true, force: true });
  // No clean shutdown: destructors of native code have nothing to save, and may crash or wait.
  process.kill(process.pid, 'SIGKILL');
});
new Worker(new URL('./watchdog.js', import.meta.url), { workerData: settings }).unref();

const ort = await importRuntime();
if (ort) {
  const kept = new TensorStore(ort, settings);
  process.on('message', (message) => {
    answer({ ort, kept }, /** @type {import('./protocol.ts').ChildRequest} */ (message)).then(
      (value) => reply({ kind: 'done', value }),
      (error) => reply({ kind: 'rejected', message: error instanceof Error ? error.message : String(error) }),
    );
  });
  reply({ kind: 'ready' });
}

/** @param {import('./protocol.ts').ChildReply} message */
function reply(message) {
  process.send?.(message);
}

async function importRuntime() {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    reply({ kind: 'missing', message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/**
 * @param {{ ort: typeof import('onnxruntime-node'), kept: TensorStore }} host
 * @param {import('./protocol.ts').ChildRequest} request
 */
async function answer({ ort, kept }, request) {
  switch (request.kind) {
    case 'load':
      return load(ort, request);
    case 'probe':
      return probe(ort, request);
    case 'run':
      return run(ort, loaded(request.session), request.feeds);
    case 'time':
      return time(ort, loaded(request.session), request);
    case 'keep':
      return request.tensors.map(({ id, tensor }) => kept.adopt(id, tensor));
    case 'run-kept':
      return runKept(kept, loaded(request.session), request);
    case 'gather':
      return kept.gather(request.id, request.places);
    case 'drop':
      kept.drop(request.ids);
      return null;
    case 'hand-over':
      return kept.handOver();
    case 'release':
      await loaded(request.session).session.release();
      sessions.delete(request.session);
      return null;
  }
}

/**
 * @param {typeof import('onnxruntime-node')} ort
 * @param {Extract<import('./protocol.ts').ChildRequest, { kind: 'load' }>} request
 */
async function load(ort, { session: id, model, options }) {
  /** @type {import('onnxruntime-node').InferenceSession.SessionOptions} */
  const sessionOptions = {
    graphOptimizationLevel: options.optimization ?? 'all',
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
    executionProviders: [options.device ?? 'cpu'],
    ...(options.spin !== undefined && { extra: { session: { intra_op: { spin_duration_us: `${options.spin}` } } } }),
    ...(options.optimizedModelPath && { optimizedModelFilePath: options.optimizedModelPath }),
  };
  const session =
    typeof model === 'string'
      ? await ort.InferenceSession.create(model, sessionOptions)
      : await ort.InferenceSession.create(model, sessionOptions);
  sessions.set(id, { session });
  return { inputs: session.inputMetadata.map(toPort), outputs: session.outputMetadata.map(toPort) };
}

/**
 * That a build of ONNX Runtime lists a device does not mean that the machine has it, or the libraries for it.
 * @param {typeof import('onnxruntime-node')} ort
 * @param {Extract<import('./protocol.ts').ChildRequest, { kind: 'probe' }>} request
 */
async function probe(ort, { device, gemm }) {
  const session = await ort.InferenceSession.create(gemm, { executionProviders: [device], logSeverityLevel: 4 });
  const matrix = new ort.Tensor('float32', new Float32Array(4), [2, 2]);
  await session.run({ A: matrix, B: matrix });
  await session.release();
  return null;
}

/**
 * Sequences, maps and optionals have no dtype.
 * @param {import('onnxruntime-node').InferenceSession.ValueMetadata} metadata
 * @returns {import('./types.ts').RuntimePort}
 */
function toPort(metadata) {
  const { name } = metadata;
  if (!metadata.isTensor) return { name, dtype: undefined, shape: undefined };
  return { name, dtype: metadata.type, shape: metadata.shape };
}

/** @param {number} id */
function loaded(id) {
  const found = sessions.get(id);
  if (!found) throw new Error(`session ${id} is not loaded`);
  return found;
}

/**
 * @param {typeof import('onnxruntime-node')} ort
 * @param {Loaded} loaded
 * @param {import('./protocol.ts').PackedTensors} packed
 */
async function run(ort, { session }, packed) {
  const results = await session.run(toFeeds(ort, packed), tensorOutputs(session));
  const tensors = Object.fromEntries(Object.entries(results).map(([name, value]) => [name, fromOrtTensor(value)]));
  return packTensors(tensors, settings.folder);
}

/**
 * One set of feeds after the other, all of them kept tensors, as are the outputs.
 * @param {TensorStore} kept
 * @param {Loaded} loaded
 * @param {Extract<import('./protocol.ts').ChildRequest, { kind: 'run-kept' }>} request
 */
async function runKept(kept, { session }, { feeds, firstId }) {
  const outputs = tensorOutputs(session);
  const answers = [];
  let id = firstId;
  for (const ids of feeds) {
    const tensors = Object.fromEntries(Object.entries(ids).map(([name, feed]) => [name, kept.tensor(feed)]));
    const results = await session.run(tensors, outputs);
    answers.push(Object.fromEntries(Object.entries(results).map(([name, value]) => [name, kept.keep(id++, value)])));
  }
  return answers;
}

/** @param {InferenceSession} session */
function tensorOutputs(session) {
  return session.outputMetadata.filter((port) => port.isTensor).map((port) => port.name);
}

/**
 * Wall time and CPU time of the whole process in milliseconds. The call into ONNX Runtime and the allocation of its
 * outputs are inside, as they are for every user of the binding.
 * @param {typeof import('onnxruntime-node')} ort
 * @param {Loaded} loaded
 * @param {Extract<import('./protocol.ts').ChildRequest, { kind: 'time' }>} request
 */
async function time(ort, loaded, { feeds: packed, runs }) {
  if (packed) loaded.feeds = toFeeds(ort, packed);
  const { session, feeds } = loaded;
  if (!feeds) throw new Error('there are no feeds to repeat');
  const wall = new Float64Array(runs);
  const cpu = new Float64Array(runs);
  for (let i = 0; i < runs; i++) {
    const cpuBefore = process.cpuUsage();
    const before = process.hrtime.bigint();
    await session.run(feeds);
    wall[i] = Number(process.hrtime.bigint() - before) / 1e6;
    const used = process.cpuUsage(cpuBefore);
    cpu[i] = (used.user + used.system) / 1e3;
  }
  return { wall, cpu };
}

/**
 * @param {typeof import('onnxruntime-node')} ort
 * @param {import('./protocol.ts').PackedTensors} packed
 */
function toFeeds(ort, packed) {
  return Object.fromEntries(
    Object.entries(unpackTensors(packed)).map(([name, tensor]) => [name, toOrtTensor(ort, tensor)]),
  );
}
