import type { Dim } from '../../ir/index.ts';
import { addDims, mapDim, normalizeAxes, normalizeAxis } from './dims.ts';
import { isKnown, numbersOf, productOf, withData } from './fact.ts';
import {
  hasInput,
  inputOf,
  integersOf,
  type OperatorCall,
  type OperatorRule,
  ofRank,
  rankOf,
} from './operator-call.ts';
import { coordinatesOf, positionOf } from './strided-index.ts';

/** Start, end and step of one axis, clamped as ONNX defines it. */
interface Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Attributes starts, ends, axes until opset 9; inputs starts, ends, axes, steps since. */
export const slice: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  if (!shape) return [{ dtype }];
  const starts = call.node.ints('starts') ?? inputOf(call, 1).data;
  const ends = call.node.ints('ends') ?? inputOf(call, 2).data;
  const given = integersOf(call, 'axes', 3, null);
  const count = starts?.length ?? ends?.length;
  const axes =
    given === null ? shape.map((_, axis) => axis).slice(0, count) : given && normalizeAxes(given, shape.length);
  if (!axes) return [ofRank(dtype, shape.length)];
  const steps = hasInput(call, 4) ? inputOf(call, 4).data : axes.map(() => 1);
  const ranges = new Map(
    axes.map((axis, i) => [axis, rangeOf(shape[axis], starts?.[i], ends?.[i], steps?.[i])] as const),
  );
  const dims = shape.map((dim, axis) => (ranges.has(axis) ? sizeOf(ranges.get(axis), dim) : dim));
  return [withData({ dtype, shape: dims }, data && pickElements(data, shape, dims, ranges))];
};

/** 'all' where the whole axis is kept, whatever its size. */
function rangeOf(size: Dim, start: Dim, end: Dim, step: Dim): Range | 'all' | undefined {
  if (
    start === 0 &&
    step === 1 &&
    (end === size || (typeof end === 'number' && end >= 2 ** 31 - 1)) &&
    end !== undefined
  )
    return 'all';
  if (typeof start !== 'number' || typeof end !== 'number' || typeof step !== 'number' || step === 0) return undefined;
  if (typeof size !== 'number') return undefined;
  const clamp = (index: number, low: number, high: number) =>
    Math.min(Math.max(index < 0 ? index + size : index, low), high);
  const from = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
  const to = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  return { start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
}

function sizeOf(range: Range | 'all' | undefined, dim: Dim): Dim {
  return range === 'all' ? dim : range?.count;
}

function pickElements(
  data: readonly Dim[],
  shape: readonly Dim[],
  dims: readonly Dim[],
  ranges: ReadonlyMap<number, Range | 'all' | undefined>,
): readonly Dim[] | undefined {
  if (!isKnown(shape) || !isKnown(dims)) return undefined;
  return Array.from({ length: productOf(dims) ?? 0 }, (_, position) => {
    const coordinates = coordinatesOf(position, dims).map((coordinate, axis) => {
      const range = ranges.get(axis);
      return range && range !== 'all' ? range.start + coordinate * range.step : coordinate;
    });
    return data[positionOf(coordinates, shape)];
  });
}

/** Pads [begin of each axis, end of each axis], negative ones crop; `axes` (opset 18) picks the axes meant. */
export const pad: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const pads = call.node.ints('pads') ?? call.node.ints('paddings') ?? inputOf(call, 1).data;
  const axes = hasInput(call, 3) ? numbersOf(inputOf(call, 3)) : shape?.map((_, axis) => axis);
  const chosen = axes && shape && normalizeAxes(axes, shape.length);
  if (!shape || !pads || !chosen) return [ofRank(dtype, shape?.length)];
  const dims = shape.map((dim, axis) => {
    const at = chosen.indexOf(axis);
    return at < 0 ? dim : addDims(dim, addDims(pads[at], pads[at + chosen.length]));
  });
  return [{ dtype, shape: dims }];
};

/** data[..., indices, ...]: the axis makes room for the dims of the indices. */
export const gather: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  const indices = inputOf(call, 1);
  if (!shape || !indices.shape) return [{ dtype }];
  const axis = normalizeAxis(call.node.int('axis', 0), shape.length);
  if (axis === undefined) return [{ dtype }];
  const dims = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
  const picked =
    axis === 0 && shape.length === 1 && data ? numbersOf(indices)?.map((index) => data.at(index)) : undefined;
  return [withData({ dtype, shape: dims }, picked)];
};

/** Shape of the indices. */
export const gatherElements: OperatorRule = (call) => [
  { dtype: inputOf(call, 0).dtype, shape: inputOf(call, 1).shape },
];

/** batch_dims axes in common, the last axis of the indices indexes the following ones. */
export const gatherND: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const indices = inputOf(call, 1).shape;
  const depth = indices?.at(-1);
  if (!shape || !indices || typeof depth !== 'number') return [{ dtype }];
  return [{ dtype, shape: [...indices.slice(0, -1), ...shape.slice(call.node.int('batch_dims', 0) + depth)] }];
};

/** The chosen slices of an axis, or of the flattened tensor; how many depends on the data. */
export const compress: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const given = call.node.int('axis');
  const axis = given === undefined || !shape ? undefined : normalizeAxis(given, shape.length);
  if (given === undefined) return [{ dtype, shape: [undefined] }];
  return [{ dtype, shape: shape?.map((dim, index) => (index === axis ? undefined : dim)) }];
};

/** A new axis of `depth` at `axis`. */
export const oneHot: OperatorRule = (call) => {
  const { dtype } = inputOf(call, 2);
  const { shape } = inputOf(call, 0);
  if (!shape) return [{ dtype }];
  const axis = normalizeAxis(call.node.int('axis', -1), shape.length + 1) ?? shape.length;
  return [{ dtype, shape: [...shape.slice(0, axis), inputOf(call, 1).data?.[0], ...shape.slice(axis)] }];
};

/** Values and indices of the k largest along an axis. */
export const topK: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  if (!shape) return [{ dtype }, { dtype: 'int64' }];
  const axis = normalizeAxis(call.node.int('axis', -1), shape.length);
  const k = call.node.int('k') ?? inputOf(call, 1).data?.[0];
  const dims = shape.map((dim, index) => (index === axis ? k : dim));
  return [
    { dtype, shape: dims },
    { dtype: 'int64', shape: dims },
  ];
};

/** Crops or pads the given axes to the given sizes. */
export const centerCropPad: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const sizes = inputOf(call, 1).data;
  const axes = call.node.ints('axes') ?? shape?.map((_, axis) => axis);
  const chosen = axes && shape && normalizeAxes(axes, shape.length);
  if (!chosen) return [ofRank(dtype, shape?.length)];
  return [{ dtype, shape: shape.map((dim, axis) => (chosen.includes(axis) ? sizes?.[chosen.indexOf(axis)] : dim)) }];
};

/** [rank, how many elements are not 0] */
export const nonZero: OperatorRule = (call) => [{ dtype: 'int64', shape: [rankOf(call, 0), undefined] }];

/** Sizes from `sizes`, or the input's times `scales`, rounded down; the inputs moved between opsets 9, 10, 11. */
export const resize: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  if (!shape) return [{ dtype }];
  const given = call.node.ints('axes');
  const axes = (given && normalizeAxes(given, shape.length)) ?? shape.map((_, axis) => axis);
  const sizes = hasInput(call, 3) ? inputOf(call, 3).data : undefined;
  const scales = scalesOf(call);
  const keeps = call.node.string('keep_aspect_ratio_policy', 'stretch') !== 'stretch';
  const dims = shape.map((dim, axis) => {
    const at = axes.indexOf(axis);
    if (at < 0) return dim;
    if (sizes) return keeps ? undefined : sizes[at];
    const scale = scales?.[at];
    return scale === 1 ? dim : mapDim(dim, (size) => (scale === undefined ? Number.NaN : scaledSize(size, scale)));
  });
  const kept = sizes && keeps ? keepAspect(call, shape, axes, sizes) : dims;
  return [{ dtype, shape: kept.map((dim) => (Number.isNaN(dim) ? undefined : dim)) }];
};

/** Scales are float32, and the product is taken in float32 (ONNX Runtime and the standard's own inference). */
function scaledSize(size: number, scale: number): number {
  return Math.floor(Math.fround(size * Math.fround(scale)));
}

function scalesOf(call: OperatorCall): readonly number[] | undefined {
  const attribute = call.node.attributes.get('scales')?.value;
  if (attribute?.kind === 'floats') return attribute.value;
  const index = call.node.opType === 'Resize' && call.opset >= 11 ? 2 : 1;
  return numbersOf(inputOf(call, index));
}

/** One scale for all resized axes: the smallest (not_larger) or the largest (not_smaller) that `sizes` asks for. */
function keepAspect(
  call: OperatorCall,
  shape: readonly Dim[],
  axes: readonly number[],
  sizes: readonly Dim[],
): readonly Dim[] {
  const known = axes.map((axis) => shape[axis]);
  if (!isKnown(known) || !isKnown(sizes)) return shape.map((dim, axis) => (axes.includes(axis) ? undefined : dim));
  const ratios = sizes.map((size, i) => size / (known[i] ?? 1));
  const scale =
    call.node.string('keep_aspect_ratio_policy', '') === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return shape.map((dim, axis) => (axes.includes(axis) ? mapDim(dim, (size) => Math.round(scale * size)) : dim));
}

/** Opset 1 to 6 cropping of the last two axes: border [left, top, right, bottom] or `scale` [height, width]. */
export const crop: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const [left = 0, top = 0, right = 0, bottom = 0] = call.node.ints('border') ?? [];
  const scale = call.node.ints('scale');
  if (!shape) return [{ dtype }];
  const [height, width] = scale ?? [addDims(shape[2], -top - bottom), addDims(shape[3], -left - right)];
  return [{ dtype, shape: [shape[0], shape[1], height, width] }];
};
