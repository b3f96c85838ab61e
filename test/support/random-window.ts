import { type Attribute, attribute } from '../../src/ir/index.ts';
import type { SeededRandom } from '../../src/numerics/index.ts';
import { integer, pick } from './draws.ts';

type Padding = 'none' | 'pads' | 'SAME_UPPER' | 'SAME_LOWER' | 'VALID';

/** How a Conv or ConvTranspose walks over its input; one entry per spatial axis. */
export interface RandomWindow {
  readonly transposed: boolean;
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** From the first to the last tap: dilation · (kernel − 1) + 1. */
  readonly span: readonly number[];
  readonly padding: Padding;
  /** Before each axis, then after each; counts only with `padding` 'pads'. */
  readonly pads: readonly number[];
  readonly outputPadding: readonly number[];
  /** All that stands on the node, but for `group`. */
  readonly attributes: readonly Attribute[];
}

/**
 * Kernel, strides, dilations, asymmetric pads, auto_pad and output_padding, as ONNX Runtime takes them together.
 *
 * @param sizes of the input per spatial axis, which the window has to fit in without pads
 */
export function randomWindow(random: SeededRandom, transposed: boolean, sizes: readonly number[]): RandomWindow {
  const kernels = sizes.length === 3 ? [1, 2, 3] : [1, 2, 3, 3, 4, 5];
  const kernel = sizes.map((size) =>
    pick(
      random,
      kernels.filter((taps) => taps <= size),
    ),
  );
  const strides = sizes.map(() => pick(random, [1, 1, 2, 3]));
  const padding = pick(random, ['none', 'pads', 'pads', 'pads', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const);
  // ONNX Runtime does not combine auto_pad=SAME with dilations.
  const dilations = kernel.map((taps, axis) =>
    padding.startsWith('SAME')
      ? 1
      : pick(
          random,
          [1, 1, 2].filter((step) => step * (taps - 1) < (sizes[axis] as number)),
        ),
  );
  const span = kernel.map((taps, axis) => (dilations[axis] as number) * (taps - 1) + 1);
  const pads = [...span, ...span].map((size) => integer(random, 0, transposed ? Math.floor((size - 1) / 2) : size - 1));
  const explicit = padding === 'none' || padding === 'pads';
  const outputPadding = strides.map((stride) => (transposed && explicit ? integer(random, 0, stride - 1) : 0));
  const attributes = [
    ...(random.uniform() < 0.5 ? [attribute.ints('kernel_shape', kernel)] : []),
    ...(strides.some((stride) => stride > 1) ? [attribute.ints('strides', strides)] : []),
    ...(dilations.some((dilation) => dilation > 1) ? [attribute.ints('dilations', dilations)] : []),
    ...(padding === 'pads' ? [attribute.ints('pads', pads)] : []),
    ...(explicit ? [] : [attribute.string('auto_pad', padding)]),
    ...(outputPadding.some((extra) => extra > 0) ? [attribute.ints('output_padding', outputPadding)] : []),
  ];
  return { transposed, kernel, strides, span, padding, pads, outputPadding, attributes };
}

/** Spatial sizes of the output, by the standard's formulas for Conv and ConvTranspose. */
export function windowOutput(
  { transposed, strides, span, padding, pads, outputPadding }: RandomWindow,
  sizes: readonly number[],
): readonly number[] {
  return sizes.map((size, axis) => {
    const [stride, taps, extra] = [strides[axis], span[axis], outputPadding[axis]] as [number, number, number];
    const zeros = padding === 'pads' ? (pads[axis] as number) + (pads[axis + sizes.length] as number) : 0;
    if (transposed) return padding.startsWith('SAME') ? size * stride : stride * (size - 1) + extra + taps - zeros;
    return padding.startsWith('SAME') ? Math.ceil(size / stride) : Math.floor((size + zeros - taps) / stride) + 1;
  });
}
