import type { Node } from '../../src/ir/index.ts';
import { inferShapes, readModel } from '../../src/onnx/index.ts';
import type { ModelSource, Runtime } from '../../src/runtime/index.ts';

/** Work of one Conv of a timed model, as the fake processor sees it. */
export interface FakeWork {
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
  readonly taps: number;
  readonly inputPositions: number;
  readonly outputPositions: number;
}

/** A runtime whose clock follows a formula: milliseconds per Conv, and per call. Counts the models it was given. */
export function fakeRuntime(convolution: (work: FakeWork) => number, call = 0.01) {
  const seen = { models: 0 };
  const runtime: Runtime = {
    async load(source: ModelSource) {
      if (!(source instanceof Uint8Array)) throw new Error('timed models come as bytes');
      seen.models++;
      const model = readModel(source);
      const shapes = inferShapes(model);
      const dims = (node: Node, side: 'inputs' | 'outputs', index = 0) => {
        const value = node[side][index];
        const shape = value?.tensor?.dims ?? (value ? shapes.shapeOf(value) : undefined) ?? [];
        return shape.map((size) => (typeof size === 'number' ? size : 1));
      };
      const milliseconds = model.graph.nodes
        .filter((node) => node.is('Conv'))
        .map((node) => {
          const [, inputs = 1, ...from] = dims(node, 'inputs');
          const [, outputs = 1, ...to] = dims(node, 'outputs');
          const [, , ...kernel] = dims(node, 'inputs', 1);
          const [taps, inputPositions, outputPositions] = [kernel, from, to].map((sizes) =>
            sizes.reduce((product, size) => product * size, 1),
          ) as [number, number, number];
          return convolution({ inputs, outputs, groups: node.int('group', 1), taps, inputPositions, outputPositions });
        })
        .reduce((sum, time) => sum + time, call);
      return {
        inputs: [],
        outputs: [],
        run: async () => ({}),
        time: async (_feeds, runs) => {
          const times = new Float64Array(runs).fill(milliseconds);
          return { wall: times, cpu: times.slice() };
        },
        release: async () => {},
      };
    },
    close: async () => {},
  };
  return { runtime, seen };
}
