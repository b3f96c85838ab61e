import type { Value } from '../ir/index.ts';
import { axisOf, elementCount, type GradientCall, type GradientRule, integers } from './gradient-rule.ts';
import { beyond, convolve, slidingOf } from './linear.ts';

/** Windows of a pool; pads at the end as wide as the windows reach, also where ceil_mode lets them hang over. */
function windowsOf(call: GradientCall) {
  const { node, input, output, sizes } = call;
  const sliding = slidingOf(call, node.ints('kernel_shape') ?? []);
  if (!sliding || sliding.kernelShape.length === 0) return undefined;
  const rest = beyond(sliding, sizes(input), sizes(output));
  const end = sliding.pads.end.map((pad, axis) => pad - Math.min(0, rest[axis] ?? 0));
  return { sliding: { ...sliding, pads: { ...sliding.pads, end } }, rest: rest.map((size) => Math.max(0, size)) };
}

/** Numbers that laying windows side by side may take. */
const mostNumbers = 2 ** 26;

/**
 * Where a window's input is its largest, the gradient goes; where several are, to each of them. A depthwise convolution with
 * one 1 in each of K filters lays the K inputs of each window side by side, its transpose brings them back.
 */
const maxPool: GradientRule = (call) => {
  const { node, input, output, gradient, build, dtype, opset, sizes } = call;
  const windows = node.outputs.length === 1 && windowsOf(call);
  if (!windows) return undefined;
  const { sliding, rest } = windows;
  const [batch = 1, channels = 1, ...positions] = sizes(output);
  const K = elementCount(sliding.kernelShape);
  if (channels * K * Math.max(K, batch * elementCount(positions)) > mostNumbers) return undefined;
  const ones = Float64Array.from({ length: channels * K * K }, (_, i) => (Math.floor(i / K) % K === i % K ? 1 : 0));
  const weight = build.constant(ones, [channels * K, 1, ...sliding.kernelShape], dtype);
  const apart = [batch, channels, K, ...positions];
  const spread = (value: Value) => build.reshape(value, [batch, channels, 1, ...positions]);
  // Minus infinity, as of a Pad, times 0 would be no number.
  const isPadded = input.producer?.is('Pad') === true;
  if (isPadded && opset < 8) return undefined;
  const lowest = -(dtype === 'float64' ? Number.MAX_VALUE : 2 ** 127 * (2 - 2 ** -23));
  const finite = isPadded ? build.node('Max', [input, build.scalar(lowest, dtype)]) : input;
  const side = build.reshape(convolve(call, 'Conv', [finite, weight], sliding, channels, []), apart);
  const chosen = build.multiply(build.atLeast(side, spread(output), dtype), spread(gradient));
  const joined = build.reshape(chosen, [batch, channels * K, ...positions]);
  return convolve(call, 'ConvTranspose', [joined, weight], sliding, channels, rest);
};

/** Each window shares its gradient out among the inputs that it counts. */
const averagePool: GradientRule = (call) => {
  const { node, input, output, gradient, build, dtype, sizes } = call;
  const windows = node.int('ceil_mode', 0) === 0 && windowsOf(call);
  if (!windows) return undefined;
  const { sliding, rest } = windows;
  const { kernelShape, strides, dilations, pads } = sliding;
  const [, channels = 1, ...positions] = sizes(output);
  const inputs = sizes(input).slice(2);
  const padsCount = node.int('count_include_pad', 0) !== 0;
  const counts = positions.map((size, axis) =>
    Array.from({ length: size }, (_, at) => {
      const places = Array.from(
        { length: kernelShape[axis] ?? 1 },
        (_, k) => at * (strides[axis] ?? 1) + k * (dilations[axis] ?? 1) - (pads.begin[axis] ?? 0),
      );
      return padsCount ? places.length : places.filter((place) => place >= 0 && place < (inputs[axis] ?? 1)).length;
    }),
  );
  const shares = counts.reduce<readonly number[]>(
    (all, own) => all.flatMap((share) => own.map((count) => share / Math.max(1, count))),
    [1],
  );
  const shared = build.multiply(gradient, build.constant(shares, [1, 1, ...positions], dtype));
  const weight = build.filled(1, [channels, 1, ...kernelShape], dtype);
  return convolve(call, 'ConvTranspose', [shared, weight], sliding, channels, rest);
};

/** Back over axes that were reduced, `factor` of it to each element. */
function spreadOver(call: GradientCall, axes: readonly number[], factor: (count: number) => number): Value {
  const { input, gradient, build, dtype, sizes } = call;
  const from = sizes(input);
  const reduced = from.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const over = from.map((size, axis) => (axes.includes(axis) ? size : 1));
  return build.multiply(build.reshape(gradient, reduced), build.filled(factor(elementCount(over)), over, dtype));
}

const reduction =
  (factor: (count: number) => number): GradientRule =>
  (call) => {
    const { node, index, input, opset, sizes } = call;
    const rank = sizes(input).length;
    const given = integers(call, 1, 'axes');
    if (index !== 0 || (node.inputs[1] && !given)) return undefined;
    const all = Array.from({ length: rank }, (_, axis) => axis);
    const none = opset >= 13 && node.int('noop_with_empty_axes', 0) !== 0 ? [] : all;
    const axes = given && given.length > 0 ? given.map((axis) => axisOf(axis, rank)) : none;
    return spreadOver(call, axes, factor);
  };

const spatial = ({ input, sizes }: GradientCall) =>
  sizes(input)
    .map((_, axis) => axis)
    .slice(2);

const mean = (count: number) => 1 / count;

export const pooling: Readonly<Record<string, GradientRule>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: (call) => spreadOver(call, spatial(call), mean),
  GlobalMaxPool: ({ input, output, gradient, build, dtype }) =>
    build.multiply(build.atLeast(input, output, dtype), gradient),
  ReduceMean: reduction(mean),
  ReduceSum: reduction(() => 1),
};
