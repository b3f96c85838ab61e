import type { InferenceSession } from 'onnxruntime-node';
import { type GemmModel, gemmModel } from './gemm-model.ts';
import { importRuntime } from './import-runtime.ts';

type GemmArray = Float32Array | Float64Array;

/** One product of whole arrays: C[m, n] = op(A)·op(B), written into `c`. */
export interface GemmCall extends GemmModel {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: GemmArray;
  readonly b: GemmArray;
  readonly c: GemmArray;
}

/** Rows that each thread must have before rows are shared out. */
const rowsPerThread = 16;

/** Columns of a thread's share that leave MLAS's blocks along k alone. */
const columnsPerThread = 256;
const mostThreads = 8;

/** Products of m·n·k below this are done before a second thread has woken up (measured: from 2²¹ on it pays). */
const worthThreads = 2 ** 21;

/** The sessions of one Blas, made when first needed: one per precision, transposition and number of threads. */
export class GemmSessions {
  readonly #threads: number;
  readonly #sessions = new Map<string, Promise<InferenceSession>>();

  constructor(threads: number) {
    this.#threads = Math.max(1, Math.min(threads, mostThreads));
  }

  async run(call: GemmCall): Promise<void> {
    const { m, n, k, precision, transA, transB, a, b, c } = call;
    const { Tensor } = await importRuntime();
    const shared = m * n * k >= worthThreads && splitsAlike(m, n, this.#threads);
    const session = await this.#session(call, shared ? this.#threads : 1);
    const feeds = {
      A: new Tensor(precision, a, transA ? [k, m] : [m, k]),
      B: new Tensor(precision, b, transB ? [n, k] : [k, n]),
    };
    await session.run(feeds, { C: new Tensor(precision, c, [m, n]) });
  }

  #session(model: GemmModel, threads: number): Promise<InferenceSession> {
    const key = [model.precision, model.transA, model.transB, threads].join();
    const found = this.#sessions.get(key) ?? createSession(model, threads);
    this.#sessions.set(key, found);
    return found;
  }
}

/**
 * Whether one thread and `threads` threads compute the same bits. MLAS shares out the longer side. Rows are computed
 * each for itself once a share has several of them (a share of one row takes another kernel). Columns decide how k is
 * cut into blocks while a share has fewer than about 128. Products with a vector have kernels of their own, which
 * differ for shares of 57 rows.
 */
function splitsAlike(m: number, n: number, threads: number): boolean {
  if (m === 1 || n === 1) return false;
  return m >= n ? m >= rowsPerThread * threads : n >= columnsPerThread * threads;
}

async function createSession(model: GemmModel, threads: number): Promise<InferenceSession> {
  const { InferenceSession } = await importRuntime();
  return InferenceSession.create(gemmModel(model), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // The arena would keep the largest buffer ever used, and patterns are of no use with changing dims.
    enableCpuMemArena: false,
    enableMemPattern: false,
    // Idle threads that spin would take the time of whatever runs between products.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
}
