import { type HardModel, op, statistics, through, weight } from './build.ts';

type Attributes = Parameters<typeof op>[3];

const image = [1, 8, 9, 9];
const kernel = [8, 8, 3, 3];

/** y = Conv(x, w) and nothing else. */
function conv(attributes: Attributes, dims = kernel, x: readonly (number | string)[] | undefined = image) {
  return through([op('Conv', 'x w', 'y', attributes)], [weight('w', dims)], x);
}

function transposed(attributes: Attributes, dims = kernel, x: readonly (number | string)[] = image) {
  return through([op('ConvTranspose', 'x w', 'y', attributes)], [weight('w', dims)], x);
}

/** Attributes and shapes of convolutions, each alone in its model. */
export const convolutions: readonly HardModel[] = [
  {
    name: 'a convolution over one axis',
    model: conv({ pads: [2, 1], strides: [2] }, [8, 8, 5], [1, 8, 20]),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a convolution over three axes',
    model: conv({ dilations: [1, 2, 1] }, [6, 6, 3, 3, 3], [1, 6, 5, 6, 7]),
    nodes: { y: 'rewritten' },
  },
  { name: 'a depthwise convolution', model: conv({ group: 8 }, [8, 1, 3, 3]), nodes: { y: 'no-gain' } },
  {
    name: 'a depthwise convolution with a multiplier',
    model: conv({ group: 8 }, [16, 1, 3, 3]),
    nodes: { y: 'no-gain' },
  },
  { name: 'a grouped convolution', model: conv({ group: 2 }, [8, 4, 3, 3]), nodes: { y: 'rewritten' } },
  {
    name: 'strides larger than the kernel',
    model: conv({ strides: [5, 4] }, kernel, [1, 8, 17, 16]),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a kernel larger than the input, with pads',
    model: conv({ pads: [2, 2, 2, 2] }, [8, 8, 5, 5], [1, 8, 3, 3]),
    nodes: { y: 'rewritten' },
  },
  { name: 'pads wider than the kernel', model: conv({ pads: [4, 5, 6, 4] }), nodes: { y: 'rewritten' } },
  {
    name: 'dilations, strides and pads that differ by axis and side',
    model: conv({ dilations: [2, 3], strides: [1, 2], pads: [0, 3, 2, 1] }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'SAME_UPPER with strides and known sizes',
    model: conv({ auto_pad: 'SAME_UPPER', strides: [2, 3] }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'SAME_LOWER with an even kernel and known sizes',
    model: conv({ auto_pad: 'SAME_LOWER', strides: [2, 2] }, [8, 8, 4, 2]),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'SAME_UPPER with strides and unknown sizes',
    model: conv({ auto_pad: 'SAME_UPPER', strides: [2, 2] }, kernel, [1, 8, 'h', 'w']),
    nodes: { y: 'shape-unknown' },
  },
  {
    name: 'SAME_LOWER with unknown sizes and no strides',
    model: conv({ auto_pad: 'SAME_LOWER' }, [8, 8, 4, 3], [1, 8, 'h', 'w']),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'VALID with unknown sizes',
    model: conv({ auto_pad: 'VALID', strides: [2, 2] }, kernel, [1, 8, 'h', 'w']),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'NOTSET written out',
    model: conv({ auto_pad: 'NOTSET', pads: [1, 0, 1, 0], kernel_shape: [3, 3] }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'VALID beside pads',
    model: conv({ auto_pad: 'VALID', pads: [1, 1, 1, 1] }),
    nodes: { y: 'not-legal' },
    rejected: /conv_attributes/,
  },
  {
    name: 'negative pads',
    model: conv({ pads: [-1, 0, 0, -1] }),
    nodes: { y: 'check-failed' },
    rejected: /pads must not contain negative/,
  },
  {
    name: 'a kernel_shape that contradicts the weight',
    model: conv({ kernel_shape: [3, 5] }),
    nodes: { y: 'not-legal' },
  },
  { name: 'a weight whose channels do not fit the input', model: conv({}, [8, 5, 3, 3]), nodes: { y: 'not-legal' } },
  {
    name: 'a group that does not divide the outputs',
    model: conv({ group: 3 }, [8, 8, 3, 3]),
    nodes: { y: 'not-legal' },
  },
  { name: 'one output channel', model: conv({}, [1, 8, 3, 3]), nodes: { y: 'rewritten' } },
  { name: 'one input channel', model: conv({}, [8, 1, 3, 3], [1, 1, 9, 9]), nodes: { y: 'rewritten' } },
  {
    name: 'a 1×1 kernel with strides and pads',
    model: conv({ strides: [2, 2], pads: [1, 0, 1, 0] }, [8, 8, 1, 1]),
    nodes: { y: 'rewritten' },
  },
  { name: 'a batch of unknown size', model: conv({}, kernel, ['N', 8, 9, 9]), nodes: { y: 'rewritten' } },
  {
    name: 'one symbol for the batch and the height',
    model: conv({}, kernel, ['N', 8, 'N', 9]),
    nodes: { y: 'rewritten' },
    unverified: /random inputs do not run/,
  },
  {
    name: 'a batch of no images',
    model: conv({ pads: [1, 1, 1, 1] }, kernel, [0, 8, 9, 9]),
    nodes: { y: 'rewritten' },
  },
  { name: 'an input of unknown rank', model: conv({ strides: [2, 2] }, kernel, undefined), nodes: { y: 'rewritten' } },
  {
    name: 'a bias that is left out by an empty name',
    model: through([op('Conv', 'x w -', 'y')], [weight('w', kernel)], image),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a bias that is computed at run time',
    model: through([op('Neg', 'c', 'b'), op('Conv', 'x w b', 'y')], [weight('w', kernel), weight('c', [8])], image),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a bias that two convolutions share',
    model: through(
      [op('Conv', 'x w b', 'h'), op('Conv', 'h u b', 'y')],
      [weight('w', kernel), weight('u', kernel), weight('b', [8])],
      image,
    ),
    nodes: { h: 'rewritten', y: 'rewritten' },
  },
  {
    name: 'a convolution of a constant',
    model: through(
      [op('Conv', 'k w', 'h'), op('Add', 'x h', 'y')],
      [weight('w', kernel), weight('k', image)],
      [1, 8, 7, 7],
    ),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a transposed convolution with strides and output_padding',
    model: transposed({ strides: [2, 3], output_padding: [1, 2], pads: [1, 0, 0, 1] }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a transposed convolution in groups',
    model: transposed({ group: 2, dilations: [2, 1] }, [8, 4, 3, 3]),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a transposed convolution with output_shape',
    model: transposed({ strides: [2, 2], output_shape: [18, 18] }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a transposed convolution with SAME_UPPER',
    model: transposed({ strides: [2, 2], auto_pad: 'SAME_UPPER' }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a transposed convolution with SAME_LOWER and an odd zero',
    model: transposed({ strides: [2, 2], auto_pad: 'SAME_LOWER' }, [8, 8, 3, 5]),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a transposed convolution with batch-norm behind it',
    model: through(
      [op('ConvTranspose', 'x w', 'h', { group: 2 }), op('BatchNormalization', 'h s o m v', 'y')],
      [weight('w', [8, 6, 3, 3]), ...statistics(12)],
      image,
    ),
    nodes: { h: 'rewritten' },
  },
];
