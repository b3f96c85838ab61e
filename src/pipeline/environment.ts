import { diagnostics } from '../diagnostics.ts';
import { writeModel } from '../onnx/index.ts';
import type { Environment, Executor } from '../rewrite/index.ts';
import { createBlas, openRuntime, type Runtime } from '../runtime/index.ts';
import type { EngineOptions } from './options.ts';

/** What a run holds open. `runtime` starts its process when first asked for; `close` ends it. */
export interface Resources {
  readonly environment: Environment;
  runtime(): Promise<Runtime>;
  close(): Promise<void>;
}

const noEvents = () => {};
const neverAborted = new AbortController().signal;

export function openResources(options: EngineOptions): Resources {
  const { threads = 1, timeout, memory, signal = neverAborted } = options;
  let runtime: Promise<Runtime> | undefined;
  const open = () => {
    runtime ??= openRuntime({
      threads,
      signal,
      ...(timeout !== undefined && { timeout }),
      ...(memory !== undefined && { memory }),
    });
    return runtime;
  };
  const environment: Environment = {
    blas: createBlas({ threads }),
    seed: options.seed ?? 0,
    signal,
    onEvent: options.onEvent ?? noEvents,
    ...(options.inputShapes && { inputShapes: options.inputShapes }),
    ...(options.check !== 'contraction' && { executor: runtimeExecutor(open) }),
  };
  return {
    environment,
    runtime: open,
    close: async () => (await runtime)?.close(),
  };
}

/** Runs one-operator models; each is loaded, run and let go. */
function runtimeExecutor(open: () => Promise<Runtime>): Executor {
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
