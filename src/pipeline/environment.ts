import { diagnostics } from '../diagnostics.ts';
import { writeModel } from '../onnx/index.ts';
import type { Environment, Executor } from '../rewrite/index.ts';
import { createBlas, type KeepingRuntime, openRuntime } from '../runtime/index.ts';
import { openCurvePool } from './curve-pool.ts';
import type { EngineOptions } from './options.ts';

/** What a run holds open. `runtime` starts its process when first asked for; `close` ends it. */
export interface Resources {
  readonly environment: Environment;
  runtime(): Promise<KeepingRuntime>;
  /** One that works beside the first where there are threads for it; otherwise the same. */
  secondRuntime(): Promise<KeepingRuntime>;
  /** For what others shall not suffer from: the caller closes it. */
  ownRuntime(): Promise<KeepingRuntime>;
  close(): Promise<void>;
}

const noEvents = () => {};
const neverAborted = new AbortController().signal;

export function openResources(options: EngineOptions): Resources {
  const { threads = 1, device = 'cpu', timeout, memory, signal = neverAborted } = options;
  const curves = openCurvePool(threads, signal);
  const opened: Promise<KeepingRuntime>[] = [];
  const openOwn = () =>
    openRuntime({
      threads,
      device,
      signal,
      ...(timeout !== undefined && { timeout }),
      ...(memory !== undefined && { memory }),
    });
  const openAt = (place: number) => {
    opened[place] ??= openOwn();
    return opened[place];
  };
  const open = () => openAt(0);
  const environment: Environment = {
    blas: createBlas({ threads }),
    seed: options.seed ?? 0,
    signal,
    onEvent: options.onEvent ?? noEvents,
    ...(options.inputShapes && { inputShapes: options.inputShapes }),
    ...(curves && { curves }),
    ...(options.check !== 'contraction' && { executor: runtimeExecutor(open) }),
  };
  return {
    environment,
    runtime: open,
    secondRuntime: () => openAt(threads > 1 ? 1 : 0),
    ownRuntime: openOwn,
    close: async () => {
      await curves?.close();
      for (const runtime of opened) await (await runtime).close();
    },
  };
}

/** Runs one-operator models; each is loaded, run and let go. */
function runtimeExecutor(open: () => Promise<KeepingRuntime>): Executor {
  return {
    async run(model, { dims, data }) {
      const session = await (await open()).load(writeModel(model), { optimization: 'disabled' });
      try {
        const outputs = await session.run({ x: { dtype: 'float32', dims, data } });
        const y = outputs['y']?.data;
        if (!(y instanceof Float32Array))
          throw diagnostics.runtimeRejected('the rewritten node did not return float32');
        return y;
      } finally {
        await session.release();
      }
    },
  };
}
