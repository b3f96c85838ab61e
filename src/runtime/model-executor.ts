import type { Model } from '../ir/index.ts';
import { writeModel } from '../onnx/index.ts';
import type { Runtime } from './types.ts';

/** A model of one float32 input and one float32 output, run once. */
export interface ModelExecutor {
  /** @throws runtime-rejected, runtime-crashed, timed-out, limit-exceeded */
  run(model: Model, input: { readonly dims: readonly number[]; readonly data: Float32Array }): Promise<Float32Array>;
}

/** Runs models made in memory, such as single rewritten nodes, as any other model is run. */
export function modelExecutor(runtime: Runtime): ModelExecutor {
  return {
    async run(model, { dims, data }) {
      const session = await runtime.load(writeModel(model));
      const [port] = session.inputs;
      if (!port) throw new TypeError('a model with one input was expected');
      const outputs = await session.run({ [port.name]: { dtype: 'float32', dims, data } });
      await session.release();
      const [output] = Object.values(outputs);
      if (output?.data instanceof Float32Array) return output.data;
      throw new TypeError('a model with one float32 output was expected');
    },
  };
}
