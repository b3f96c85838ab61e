import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { parseModel, type Value } from '../../src/ir/index.ts';
import { inferShapes, resolvePads, writeModel } from '../../src/onnx/index.ts';

const geometry = fc.record({
  opType: fc.constantFrom('Conv', 'ConvTranspose', 'MaxPool', 'AveragePool'),
  size: fc.integer({ min: 1, max: 20 }),
  kernel: fc.integer({ min: 1, max: 5 }),
  stride: fc.integer({ min: 1, max: 4 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  mode: fc.constantFrom('SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET'),
  pads: fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })),
  ceil: fc.nat({ max: 1 }),
});
type Geometry = typeof geometry extends fc.Arbitrary<infer T> ? T : never;

/** One node over a 1-D signal of one channel; pools take no weight. */
function textOf({ opType, size, kernel, stride, dilation, ceil }: Geometry, padding: string): string {
  const pools = opType.endsWith('Pool');
  const more = pools ? `, ceil_mode = int ${ceil}` : '';
  const weight = Array.from({ length: kernel }, (_, index) => index + 1).join(', ');
  return `ir 8 opset "" 19 graph "g" (%x: float32[1, 1, ${size}]) -> (%y: float32) {
    ${pools ? '' : `init %w = float32[1, 1, ${kernel}]{${weight}}`}
    %y = ${opType}(%x${pools ? '' : ', %w'}) {kernel_shape = ints [${kernel}], strides = ints [${stride}],
      dilations = ints [${dilation}], ${padding}${more}}
  }`;
}

interface Result {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** Undefined where the runtime refuses the geometry, an empty output for instance. */
async function run(text: string, size: number): Promise<Result | undefined> {
  const input = Float32Array.from({ length: size }, (_, index) => index + 1);
  try {
    const session = await InferenceSession.create(Buffer.from(writeModel(parseModel(text))), { logSeverityLevel: 4 });
    const { y } = await session.run({ x: new Tensor('float32', input, [1, 1, size]) });
    await session.release();
    return y && { dims: y.dims, data: Array.from(y.data as Float32Array) };
  } catch {
    return undefined;
  }
}

/** Under SAME the runtime has its own idea of input that a stride skips, and its pools of a dilated kernel. */
function isContested({ opType, size, kernel, stride, dilation, mode }: Geometry): boolean {
  if (opType === 'ConvTranspose' || !mode.startsWith('SAME')) return false;
  const reached = (Math.ceil(size / stride) - 1) * stride + dilation * (kernel - 1) + 1;
  return opType.endsWith('Pool')
    ? dilation > 1 || reached < size
    : stride > 1 && reached < size - (mode === 'SAME_LOWER' ? 3 : 2);
}

function fits({ opType, size, kernel, dilation, mode, pads: [begin, end] }: Geometry): boolean {
  if (opType === 'ConvTranspose' || mode.startsWith('SAME')) return true;
  return size + (mode === 'NOTSET' ? begin + end : 0) > dilation * (kernel - 1);
}

function paddingOf({ mode, pads }: Geometry): string {
  return mode === 'NOTSET' ? `pads = ints [${pads}]` : `auto_pad = string "${mode}"`;
}

describe('windows, beside ONNX Runtime', () => {
  test('have the output size that it computes', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (drawn) => {
        fc.pre(fits(drawn) && !isContested(drawn));
        const text = textOf(drawn, paddingOf(drawn));
        const actual = await run(text, drawn.size);
        fc.pre(actual !== undefined);
        const model = parseModel(text);
        const [y] = model.graph.outputs as [Value];
        expect(inferShapes(model).shapeOf(y)).toEqual(actual.dims);
      }),
      { numRuns: 200 },
    );
  });

  test('have explicit pads that change nothing, or none where the runtime leaves the standard', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, async (drawn) => {
        fc.pre(fits(drawn) && drawn.mode !== 'NOTSET');
        const text = textOf(drawn, paddingOf(drawn));
        const [node] = parseModel(text).graph.nodes;
        const pads = node && resolvePads(node, [1, 1, drawn.size]);
        expect(pads === undefined).toBe(isContested(drawn));
        if (!pads) return;
        // SAME has its own idea of the last window; under VALID ceil_mode still decides.
        const ceil = drawn.mode === 'VALID' ? drawn.ceil : 0;
        const explicit = textOf({ ...drawn, ceil }, `pads = ints [${[...pads.begin, ...pads.end]}]`);
        const actual = await run(text, drawn.size);
        fc.pre(actual !== undefined);
        expect(await run(explicit, drawn.size)).toEqual(actual);
      }),
      { numRuns: 200 },
    );
  });
});
