import type { Dim } from '../../ir/index.ts';
import { multiplyDims, normalizeAxes, normalizeAxis, quotientOf, sumOf } from './dims.ts';
import { isKnown, largestData, productOf, withData } from './fact.ts';
import {
  hasInput,
  inputOf,
  integersOf,
  type OperatorCall,
  type OperatorRule,
  ofRank,
  sizesFrom,
  unknownDims,
} from './operator-call.ts';
import { coordinatesOf, positionOf } from './strided-index.ts';

/** Reads `shape` from an input, or until opset 4 from an attribute: 0 copies the input's dim, −1 is what is left. */
export const reshape: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  const target = call.node.ints('shape') ?? sizesFrom(call, 1);
  if (!target) return [{ dtype }];
  return [withData({ dtype, shape: reshapedDims(shape, target, call.node.int('allowzero', 0) !== 0) }, data)];
};

function reshapedDims(shape: readonly Dim[] | undefined, target: readonly Dim[], zeroIsZero: boolean): readonly Dim[] {
  const copies = (dim: Dim) => dim === 0 && !zeroIsZero;
  const dims = target.map((dim, axis) => (copies(dim) ? shape?.[axis] : dim));
  const open = target.indexOf(-1);
  if (open < 0) {
    // One size that the target leaves open is what the others leave of the input.
    const gap = dims.indexOf(undefined);
    return gap >= 0 && dims.indexOf(undefined, gap + 1) < 0 && isKnown(shape) ? fill(dims, gap, shape, []) : dims;
  }
  if (!shape) return dims.map((dim) => (dim === -1 ? undefined : dim));
  // Copied dims cancel even where their size is not known.
  const copied = target.flatMap((dim, axis) => (copies(dim) ? [axis] : []));
  return fill(dims, open, shape, copied);
}

function fill(dims: readonly Dim[], at: number, shape: readonly Dim[], copied: readonly number[]): readonly Dim[] {
  const left = shape.filter((_, axis) => !copied.includes(axis));
  const right = dims.filter((_, axis) => axis !== at && !copied.includes(axis));
  const rest = quotientOf(left, right);
  return dims.map((dim, axis) => (axis === at ? rest : dim));
}

/** [a, b, c, …] → [product before the axis, product from it on] */
export const flatten: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  if (!shape) return [ofRank(dtype, 2)];
  const given = call.node.int('axis', 1);
  const axis = given < 0 ? given + shape.length : given;
  const sizes = [shape.slice(0, axis), shape.slice(axis)].map((part) => part.reduce<Dim>(multiplyDims, 1));
  return [withData({ dtype, shape: sizes }, data)];
};

export const transpose: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  const order = call.node.ints('perm') ?? shape?.map((_, axis) => shape.length - 1 - axis);
  if (!order) return [{ dtype }];
  if (!shape) return [ofRank(dtype, order.length)];
  const dims = order.map((axis) => shape[axis]);
  if (!data || !isKnown(dims) || !isKnown(shape)) return [{ dtype, shape: dims }];
  const from = data.map((_, position) => {
    const coordinates = coordinatesOf(position, dims);
    return positionOf(
      shape.map((_size, axis) => coordinates[order.indexOf(axis)] ?? 0),
      shape,
    );
  });
  return [
    withData(
      { dtype, shape: dims },
      from.map((position) => data[position]),
    ),
  ];
};

/** Removes the axes given as attribute or, from opset 13, as input; without them all of size 1. */
export const squeeze: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  const axes = integersOf(call, 'axes', 1, null);
  if (axes === undefined || !shape) return [{ dtype }];
  if (axes === null && shape.some((dim) => typeof dim !== 'number')) return [{ dtype }];
  const gone = axes === null ? undefined : normalizeAxes(axes, shape.length);
  const dims = shape.filter((dim, axis) => (gone ? !gone.includes(axis) : dim !== 1));
  return [withData({ dtype, shape: dims }, data)];
};

/** Adds axes of size 1 at the places that they have in the result. */
export const unsqueeze: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  const axes = integersOf(call, 'axes', 1, []);
  if (!axes || !shape) return [{ dtype }];
  const rank = shape.length + axes.length;
  const added = normalizeAxes(axes, rank);
  if (!added) return [{ dtype }];
  const rest = [...shape];
  const dims = Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : rest.shift()));
  return [withData({ dtype, shape: dims }, data)];
};

export const concat: OperatorRule = (call) => {
  const { dtype } = call.inputs.find((fact) => fact.dtype) ?? {};
  const rank = call.inputs.find(({ shape }) => shape)?.shape?.length;
  if (rank === undefined) return [{ dtype }];
  const axis = normalizeAxis(call.node.int('axis', 1), rank);
  const dims = unknownDims(rank).map((_, index) => {
    const sizes = call.inputs.map(({ shape }) => shape?.[index]);
    return index === axis ? sumOf(sizes) : (sizes.find((dim) => typeof dim === 'number') ?? sizes.find(Boolean));
  });
  // Elements along an outer axis lie one after the other; only vectors and leading axes come up in shape arithmetic.
  const data =
    axis === 0 && call.inputs.every((fact) => fact.data) ? call.inputs.flatMap((fact) => fact.data ?? []) : undefined;
  return [withData({ dtype, shape: dims }, data)];
};

/** Sizes from an attribute or input, else equal parts; a last part may be smaller from opset 18 on. */
export const split: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  const count = call.node.outputs.length;
  const axis = shape && normalizeAxis(call.node.int('axis', 0), shape.length);
  if (!shape || axis === undefined) return Array.from({ length: count }, () => ({ dtype }));
  const sizes = partSizes(call, shape[axis], count);
  let start = 0;
  return sizes.map((size) => {
    const dims = shape.map((dim, index) => (index === axis ? size : dim));
    const from = start;
    start += typeof size === 'number' ? size : Number.NaN;
    const part = shape.length === 1 && !Number.isNaN(start) ? data?.slice(from, start) : undefined;
    return withData({ dtype, shape: dims }, part);
  });
};

function partSizes(call: OperatorCall, size: Dim, count: number): readonly Dim[] {
  const given = integersOf(call, 'split', 1, null);
  if (given === undefined) return unknownDims(count);
  if (given !== null) return given;
  if (typeof size !== 'number') return count === 1 ? [size] : unknownDims(count);
  const parts = call.node.int('num_outputs', count);
  const part = Math.ceil(size / parts);
  return unknownDims(count).map((_, index) => Math.max(0, Math.min(part, size - index * part)));
}

/** numpy.broadcast_to, where the larger of the two sizes wins. */
export const expand: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  const target = sizesFrom(call, 1);
  if (!target || !shape) return [{ dtype }];
  const rank = Math.max(shape.length, target.length);
  const dims = unknownDims(rank).map((_, axis) =>
    expandedDim(dimFromEnd(shape, rank - axis), dimFromEnd(target, rank - axis)),
  );
  const count = productOf(dims) ?? Number.POSITIVE_INFINITY;
  const repeated =
    data?.length === 1 && count <= largestData ? Array.from({ length: count }, () => data[0]) : undefined;
  return [withData({ dtype, shape: dims }, repeated)];
};

function dimFromEnd(shape: readonly Dim[], distance: number): Dim {
  return distance > shape.length ? 1 : shape[shape.length - distance];
}

/** A size other than 1 can only be met by itself or 1, and stays. */
function expandedDim(own: Dim, wanted: Dim): Dim {
  if (own === 1) return wanted;
  if (wanted === 1 || own === wanted || typeof own === 'number') return own;
  return typeof wanted === 'number' ? wanted : undefined;
}

/** Each axis repeated. */
export const tile: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  const repeats = hasInput(call, 1) ? inputOf(call, 1).data : undefined;
  const dims = shape?.map((dim, axis) => multiplyDims(dim, repeats?.[axis]));
  const [times] = shape?.length === 1 && typeof repeats?.[0] === 'number' ? [repeats[0]] : [undefined];
  const copies =
    times !== undefined && times <= largestData ? Array.from({ length: times }, () => data ?? []).flat() : undefined;
  return [withData({ dtype, shape: dims }, data && copies)];
};

/** [N, C, H, W] → [N, C/b², bH, bW] */
export const depthToSpace: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const block = call.node.int('blocksize', 1);
  return [
    {
      dtype,
      shape: shape && [
        shape[0],
        quotientOf([shape[1]], [block * block]),
        multiplyDims(shape[2], block),
        multiplyDims(shape[3], block),
      ],
    },
  ];
};

/** [N, C, bH, bW] → [N, C·b², H, W] */
export const spaceToDepth: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const block = call.node.int('blocksize', 1);
  return [
    {
      dtype,
      shape: shape && [
        shape[0],
        multiplyDims(shape[1], block * block),
        quotientOf([shape[2]], [block]),
        quotientOf([shape[3]], [block]),
      ],
    },
  ];
};
