import type { Dim } from '../../ir/index.ts';
import { multiplyDims } from './dims.ts';
import { tensorFact } from './fact.ts';
import { inputOf, type OperatorCall, type OperatorRule, shapeOf, sizesFrom } from './operator-call.ts';
import { slidingSize, transposedSize, windowOf } from './window.ts';

/** [N, S, ...in] * [T, S/g, ...kernel] → [N, T, ...out] */
export const convolution: OperatorRule = (call) => [{ dtype: inputOf(call, 0).dtype, shape: convolved(call, 0, 1) }];

export const integerConvolution: OperatorRule = (call) => [{ dtype: 'int32', shape: convolved(call, 0, 1) }];

/** Inputs x, scale, zero, w, scale, zero, y scale, y zero. */
export const quantizedConvolution: OperatorRule = (call) => [
  { dtype: inputOf(call, 7).dtype, shape: convolved(call, 0, 3) },
];

function convolved(call: OperatorCall, data: number, weight: number): readonly Dim[] | undefined {
  const input = shapeOf(call, data);
  const weightShape = shapeOf(call, weight);
  const window = windowOf(call.node, weightShape);
  if (!window) return undefined;
  const sizes = window.kernel.map((_, axis) => slidingSize(call.node, window, axis, input?.[axis + 2]));
  return [input?.[0], weightShape?.[0], ...sizes];
}

/** [N, S, ...in] * [S, T/g, ...kernel] → [N, T, ...out] */
export const transposedConvolution: OperatorRule = (call) => {
  const { node } = call;
  const [input, weight] = [shapeOf(call, 0), shapeOf(call, 1)];
  const window = windowOf(node, weight);
  const { dtype } = inputOf(call, 0);
  if (!window) return [{ dtype }];
  const sizes = window.kernel.map((_, axis) => transposedSize(node, window, axis, input?.[axis + 2]));
  return [{ dtype, shape: [input?.[0], multiplyDims(weight?.[1], node.int('group', 1)), ...sizes] }];
};

/** [N, C, ...in] → [N, C, ...out]; MaxPool's second output gives the places of the maxima. */
export const pool: OperatorRule = (call) => {
  const input = shapeOf(call, 0);
  const window = windowOf(call.node, undefined);
  const shape = window && [
    input?.[0],
    input?.[1],
    ...window.kernel.map((_, axis) => slidingSize(call.node, window, axis, input?.[axis + 2])),
  ];
  return [tensorFact(inputOf(call, 0).dtype, shape), tensorFact('int64', shape)];
};

/** [N, C, ...] → [N, C, 1, …] */
export const globalPool: OperatorRule = (call) => {
  const shape = shapeOf(call, 0)?.map((dim, axis) => (axis < 2 ? dim : 1));
  return [tensorFact(inputOf(call, 0).dtype, shape)];
};

/** Undoes a MaxPool: the sizes of a transposed convolution, unless the third input gives them. */
export const maxUnpool: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const window = windowOf(call.node, undefined);
  const declared = inputOf(call, 2).data;
  if (declared) return [tensorFact(dtype, declared)];
  if (call.node.inputs[2] || !window)
    return [
      tensorFact(
        dtype,
        shape?.map(() => undefined),
      ),
    ];
  const sizes = window.kernel.map((_, axis) => transposedSize(call.node, window, axis, shape?.[axis + 2]));
  return [tensorFact(dtype, [shape?.[0], shape?.[1], ...sizes])];
};

/** Crops of regions: [regions, C, height, width] */
export const regionAlign: OperatorRule = (call) => [
  tensorFact(inputOf(call, 0).dtype, [
    shapeOf(call, 1)?.[0],
    shapeOf(call, 0)?.[1],
    call.node.int('output_height', 1),
    call.node.int('output_width', 1),
  ]),
];

export const regionPool: OperatorRule = (call) => [
  tensorFact(inputOf(call, 0).dtype, [
    shapeOf(call, 1)?.[0],
    shapeOf(call, 0)?.[1],
    ...(call.node.ints('pooled_shape') ?? [undefined, undefined]),
  ]),
];

/** [N, C·prod(block), L] → [N, C, ...image] */
export const columnsToImage: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const image = sizesFrom(call, 1);
  const block = inputOf(call, 2).data;
  if (!image) return [tensorFact(dtype, undefined)];
  const size = block?.reduce<Dim>(multiplyDims, 1);
  const channels = typeof size === 'number' && typeof shape?.[1] === 'number' ? shape[1] / size : undefined;
  return [tensorFact(dtype, [shape?.[0], channels, ...image])];
};

/** [N, C, ...in], grid [N, ...out, rank − 2] → [N, C, ...out] */
export const gridSample: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const grid = shapeOf(call, 1);
  return [tensorFact(dtype, grid && [shape?.[0] ?? grid[0], shape?.[1], ...grid.slice(1, -1)])];
};

/** theta [N, 2|3, 3|4], size [N, C, ...] → [N, ..., 2|3] */
export const affineGrid: OperatorRule = (call) => {
  const size = sizesFrom(call, 1);
  return [tensorFact(inputOf(call, 0).dtype, size && [size[0], ...size.slice(2), size.length - 2])];
};
