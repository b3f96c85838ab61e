import type { Value } from '../ir/index.ts';
import { axisOf, type GradientCall, type GradientRule, integers } from './gradient-rule.ts';

/** The same elements in the input's shape. */
const reshaped: GradientRule = ({ index, gradient, build, input, sizes }) =>
  index === 0 ? build.reshape(gradient, sizes(input)) : undefined;

const transpose: GradientRule = ({ node, gradient, build, input, sizes }) => {
  const axes = sizes(input).map((_, axis) => axis);
  const order = node.ints('perm') ?? [...axes].reverse();
  return build.transpose(
    gradient,
    axes.map((axis) => order.indexOf(axis)),
  );
};

const concat: GradientRule = ({ node, index, gradient, build, input, sizes }) => {
  const axis = axisOf(node.int('axis', 1), sizes(input).length);
  const widths = node.inputs.map((value) => sizes(value)[axis] ?? 0);
  const start = widths.slice(0, index).reduce((sum, width) => sum + width, 0);
  return build.slice(gradient, axis, start, start + (widths[index] ?? 0));
};

const split: GradientRule = ({ node, index, gradients, build, input, dtype, sizes }) => {
  if (index !== 0) return undefined;
  const parts = node.outputs.map((value, place) => gradients[place] ?? build.filled(0, sizes(value), dtype));
  return build.concatenate(parts, axisOf(node.int('axis', 0), sizes(input).length));
};

/** Zeros in the place of what was left out, also between elements that were taken in steps. */
const slice: GradientRule = (call) => {
  const { node, index, build, input, output, sizes } = call;
  const [from, to] = [sizes(input), sizes(output)];
  const starts = integers(call, 1, 'starts');
  const axes = node.inputs[3] || node.attributes.has('axes') ? integers(call, 3, 'axes') : starts?.map((_, i) => i);
  const steps = node.inputs[4] ? integers(call, 4, 'steps') : [];
  if (index !== 0 || !starts || !axes || !steps || steps.some((step) => step < 1)) return undefined;
  let { gradient } = call;
  const spread = [...to];
  const before = from.map(() => 0);
  for (const [place, axis] of axes.entries()) {
    const own = axisOf(axis, from.length);
    const [start, size, step] = [starts[place] ?? 0, from[own] ?? 0, steps[place] ?? 1];
    before[own] = Math.min(size, Math.max(0, start < 0 ? start + size : start));
    gradient = step > 1 ? apart(call, gradient, spread, own, step) : gradient;
    spread[own] = step * (spread[own] ?? 0);
  }
  // Zeros behind the last element may reach beyond the input.
  for (const [axis, size] of from.entries()) {
    const room = size - (before[axis] ?? 0);
    if ((spread[axis] ?? 0) <= room) continue;
    gradient = build.slice(gradient, axis, 0, room);
    spread[axis] = room;
  }
  const after = from.map((size, axis) => size - (before[axis] ?? 0) - (spread[axis] ?? 0));
  return build.pad(gradient, before, after);
};

/** Each element of one axis followed by step − 1 zeros. */
function apart({ build }: GradientCall, value: Value, dims: readonly number[], axis: number, step: number): Value {
  const [ahead, behind] = [dims.slice(0, axis + 1), dims.slice(axis + 1)];
  const none = dims.map(() => 0);
  const single = build.reshape(value, [...ahead, 1, ...behind]);
  const padded = build.pad(single, [0, ...none], [...ahead.map(() => 0), step - 1, ...behind.map(() => 0)]);
  return build.reshape(padded, [...ahead.slice(0, -1), step * (ahead.at(-1) ?? 0), ...behind]);
}

/** What lies within the pads. */
const pad: GradientRule = (call) => {
  const { node, index, input, build, sizes } = call;
  const from = sizes(input);
  const pads = integers(call, 1, 'pads');
  if (index !== 0 || node.string('mode', 'constant') !== 'constant' || node.inputs[3]) return undefined;
  if (pads?.length !== 2 * from.length || pads.some((size) => size < 0)) return undefined;
  return from.reduce<Value>((gradient, size, axis) => {
    const [begin = 0, end = 0] = [pads[axis], pads[axis + from.length]];
    return begin + end > 0 ? build.slice(gradient, axis, begin, begin + size) : gradient;
  }, call.gradient);
};

/** Ways to round places that give every element a block of its own, where sizes grow by whole factors. */
const blockwise = ['asymmetric floor', 'half_pixel round_prefer_floor', 'half_pixel round_prefer_ceil'];

/** Whether an operator scales by just these factors, not by others that come to the same sizes. */
function areScales({ node, opset, shapes }: GradientCall, factors: readonly number[]): boolean {
  if (node.attributes.has('axes') || node.attributes.has('scales')) return false;
  const given = node.inputs[node.is('Resize') && opset >= 11 ? 2 : 1];
  const scales = given && shapes.constantOf(given);
  if (given && !scales) return false;
  return !scales?.length || scales.every((scale, axis) => scale === factors[axis]);
}

/** The sum over the copies of each element. */
const nearest: GradientRule = (call) => {
  const { node, index, gradient, build, input, output, sizes } = call;
  const [from, to] = [sizes(input), sizes(output)];
  const factors = to.map((size, axis) => size / (from[axis] ?? 1));
  const places = node.is('Upsample')
    ? 'asymmetric floor'
    : `${node.string('coordinate_transformation_mode', 'half_pixel').replace('pytorch_', '')} ${node.string('nearest_mode', 'round_prefer_floor')}`;
  const isOwn = node.string('mode', 'nearest') === 'nearest' && factors.every(Number.isInteger);
  if (index !== 0 || !isOwn || !blockwise.includes(places) || !areScales(call, factors)) return undefined;
  const split = from.flatMap((size, axis) => [size, factors[axis] ?? 1]);
  const copies = split.flatMap((size, place) => (place % 2 === 1 && size > 1 ? [place] : []));
  return build.reshape(build.sum(build.reshape(gradient, split), copies), from);
};

/** Operators that bring elements elsewhere. */
export const movement: Readonly<Record<string, GradientRule>> = {
  Flatten: reshaped,
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Resize: nearest,
  Upsample: nearest,
};
