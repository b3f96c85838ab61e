import { attribute, isRealDType, toFloat64, type Value } from '../ir/index.ts';
import { convAttributes, type Pads, resolveOutputPadding, resolvePads } from '../onnx/index.ts';
import { elementCount, type GradientCall, type GradientRule } from './gradient-rule.ts';

/** How a window slides, all of it known. */
interface Sliding {
  readonly kernelShape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: Pads;
}

export function slidingOf({ node, sizes }: GradientCall, kernelShape: readonly number[]): Sliding | undefined {
  const pads = resolvePads(node, sizes(node.inputs[0]), [1, 1, ...kernelShape]);
  if (!pads || [...pads.begin, ...pads.end].some((pad) => pad < 0)) return undefined;
  const ones = kernelShape.map(() => 1);
  return { kernelShape, pads, strides: node.ints('strides') ?? ones, dilations: node.ints('dilations') ?? ones };
}

/** What the windows leave of an input of these sizes at its end: it has a gradient of zero. */
export function beyond(
  { kernelShape, strides, dilations, pads }: Sliding,
  from: readonly number[],
  to: readonly number[],
) {
  return kernelShape.map((size, axis) => {
    const reach = (strides[axis] ?? 1) * ((to[axis + 2] ?? 1) - 1) + (dilations[axis] ?? 1) * (size - 1) + 1;
    return (from[axis + 2] ?? 1) + (pads.begin[axis] ?? 0) + (pads.end[axis] ?? 0) - reach;
  });
}

/** A Conv or ConvTranspose of `value` that slides as `sliding` says. */
export function convolve(
  { build }: GradientCall,
  opType: 'Conv' | 'ConvTranspose',
  [value, weight]: readonly [Value, Value],
  { pads, ...sliding }: Sliding,
  groups: number,
  outputPadding: readonly number[],
): Value {
  const geometry = { opType, groups, padsBegin: pads.begin, padsEnd: pads.end, outputPadding, ...sliding };
  return build.node(opType, [value, weight], convAttributes(geometry));
}

/**
 * The transposed convolution with the same weight; where strides leave a rest of the input, zeros. With stride 1 it is a
 * convolution, for which ONNX Runtime has the better kernels.
 */
const conv: GradientRule = (call) => {
  const { node, index, input, output, gradient, sizes } = call;
  const weight = node.inputs[1];
  if (index !== 0 || !weight) return undefined;
  const sliding = slidingOf(call, sizes(weight).slice(2));
  if (!sliding) return undefined;
  const turned = turnedConvolution(call, weight, sliding);
  if (turned) return turned;
  const rest = beyond(sliding, sizes(input), sizes(output));
  return convolve(call, 'ConvTranspose', [gradient, weight], sliding, node.int('group', 1), rest);
};

/** W[g, t, s, k] as W[g, s, t, −k], which brings gradients of stride 1 back; undefined where that is not all. */
function turnedConvolution(call: GradientCall, weight: Value, sliding: Sliding): Value | undefined {
  const { node, gradient, build, dtype, sizes } = call;
  const { kernelShape, strides, dilations, pads } = sliding;
  if (!weight.tensor || !isRealDType(weight.tensor.dtype) || strides.some((stride) => stride !== 1)) return undefined;
  const opposite = (given: readonly number[]) =>
    kernelShape.map((size, axis) => (dilations[axis] ?? 1) * (size - 1) - (given[axis] ?? 0));
  const back = { begin: opposite(pads.begin), end: opposite(pads.end) };
  if ([...back.begin, ...back.end].some((pad) => pad < 0)) return undefined;
  const groups = node.int('group', 1);
  const [all = 1, S = 1] = sizes(weight);
  const [T, K] = [all / groups, elementCount(kernelShape)];
  const values = toFloat64(weight.tensor);
  const turned = new Float64Array(values.length);
  for (let g = 0, at = 0; g < groups; g++)
    for (let s = 0; s < S; s++)
      for (let t = 0; t < T; t++)
        for (let k = K - 1; k >= 0; k--) turned[at++] = values[((g * T + t) * S + s) * K + k] as number;
  const own = build.constant(turned, [groups * S, T, ...kernelShape], dtype);
  return convolve(call, 'Conv', [gradient, own], { ...sliding, pads: back }, groups, []);
}

const convTranspose: GradientRule = (call) => {
  const { node, index, input, gradient, sizes } = call;
  const weight = node.inputs[1];
  if (index !== 0 || !weight) return undefined;
  const sliding = slidingOf(call, sizes(weight).slice(2));
  // More of it than a stride is what Conv would read as further positions.
  const isCovered = resolveOutputPadding(node, sizes(input), sizes(weight))?.every(
    (size, axis) => size < (sliding?.strides[axis] ?? 1),
  );
  return sliding && isCovered
    ? convolve(call, 'Conv', [gradient, weight], sliding, node.int('group', 1), [])
    : undefined;
};

/** Of α·A·B + β·C: of A, and of C. */
const gemm: GradientRule = (call) => {
  const { node, index, gradient, build, dtype, input, output, sizes } = call;
  if (index === 1) return undefined;
  const times = (name: string, value: Value) => build.multiply(value, build.scalar(node.float(name, 1), dtype));
  if (index === 2) return build.sumTo(times('beta', gradient), sizes(output), sizes(input));
  if (node.int('transA', 0) !== 0) return undefined;
  const attributes = [
    attribute.float('alpha', node.float('alpha', 1)),
    attribute.int('transB', 1 - node.int('transB', 0)),
  ];
  // Before opset 11 Gemm insists on a C.
  return build.node('Gemm', [gradient, node.inputs[1] ?? null, build.scalar(0, dtype)], attributes);
};

/** Gradients of A·B, A a matrix or a stack of them: G·Bᵀ and Aᵀ·G. */
const matMul: GradientRule = ({ node, index, gradient, build, sizes }) => {
  const [a, b] = node.inputs;
  const [left, right] = [sizes(a).length, sizes(b).length];
  if (!a || !b || left < 2 || right < 2) return undefined;
  const stack = (value: Value) => sizes(value).slice(0, -2).join();
  // A matrix that is used for a whole stack would get the sum over the stack.
  if (stack(a) !== stack(b) && (index === 0 ? right : left) > 2) return undefined;
  const turned = (value: Value, rank: number) =>
    build.transpose(value, [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2]);
  if (index === 0) return left >= right ? build.node('MatMul', [gradient, turned(b, right)]) : undefined;
  return right >= left ? build.node('MatMul', [turned(a, left), gradient]) : undefined;
};

/** At inference it is a line for each channel. */
const batchNormalization: GradientRule = ({ node, index, gradient, build, dtype, sizes }) => {
  const [x, scale, , , variance] = node.inputs;
  const isLine = node.int('training_mode', 0) === 0 && node.int('spatial', 1) === 1 && node.outputs.length === 1;
  if (index !== 0 || !scale || !variance || !isLine) return undefined;
  const rank = sizes(x).length;
  const epsilon = build.scalar(node.float('epsilon', 1e-5), dtype);
  const slope = build.node('Div', [scale, build.node('Sqrt', [build.add(variance, epsilon)])]);
  const channels = sizes(scale)[0] ?? 1;
  return build.multiply(
    gradient,
    build.reshape(slope, [channels, ...new Array<number>(Math.max(0, rank - 2)).fill(1)]),
  );
};

/** Operators with weights. Of the weights themselves there are no gradients. */
export const linear: Readonly<Record<string, GradientRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: batchNormalization,
};
