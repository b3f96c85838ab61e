import type { Dim, Node } from '../../ir/index.ts';

/** Zeros before and after each spatial axis. */
export interface Pads {
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/** Sliding window of Conv, ConvTranspose and the pools, defaults filled in. */
export interface Window {
  readonly kernel: readonly Dim[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** Kernel sizes from the attribute, otherwise from the weight's spatial dims; undefined when neither tells. */
export function windowOf(node: Node, weightShape: readonly Dim[] | undefined): Window | undefined {
  const kernel = node.ints('kernel_shape') ?? weightShape?.slice(2);
  if (!kernel) return undefined;
  const ones = kernel.map(() => 1);
  return { kernel, strides: node.ints('strides') ?? ones, dilations: node.ints('dilations') ?? ones };
}

/** Span of a dilated kernel: d(k − 1) + 1. */
export function extent({ kernel, dilations }: Window, axis: number): Dim {
  const size = kernel[axis];
  return typeof size === 'number' ? (dilations[axis] ?? 1) * (size - 1) + 1 : undefined;
}

/**
 * Explicit pads of a Conv, ConvTranspose or pool node: its `pads`, or what its `auto_pad` (or ConvTranspose's
 * `output_shape`) comes to. Undefined while that depends on a size that is not known.
 *
 * @param inputShape [N, C, ...spatial] of the node's first input
 * @param weightShape of the second; kernel sizes are taken from it where `kernel_shape` is not given
 */
export function resolvePads(
  node: Node,
  inputShape: readonly Dim[] | undefined,
  weightShape?: readonly Dim[],
): Pads | undefined {
  const window = windowOf(node, weightShape);
  if (!window) return undefined;
  const totals = window.kernel.map((_, axis) => totalPads(node, window, axis, inputShape?.[axis + 2]));
  const begin: number[] = [];
  const end: number[] = [];
  for (const total of totals) {
    if (total === undefined) return undefined;
    begin.push(total.begin);
    end.push(total.end);
  }
  return { begin, end };
}

/** The standard forbids `pads` beside an `auto_pad`; readers disagree on which of the two wins. */
export function hasContradictingPads(node: Node): boolean {
  return node.string('auto_pad', 'NOTSET') !== 'NOTSET' && (node.ints('pads') ?? []).some((pad) => pad !== 0);
}

/**
 * What a ConvTranspose adds behind its output: its `output_padding`, and what its `output_shape` asks for beyond the
 * reach of the input. Undefined while that depends on a size that is not known.
 */
export function resolveOutputPadding(
  node: Node,
  inputShape: readonly Dim[] | undefined,
  weightShape?: readonly Dim[],
): readonly number[] | undefined {
  const window = windowOf(node, weightShape);
  if (!window) return undefined;
  const wanted = node.ints('output_shape')?.slice(-window.kernel.length);
  const padding: number[] = [];
  for (const axis of window.kernel.keys()) {
    const given = node.ints('output_padding')?.[axis] ?? 0;
    const [size, span] = [inputShape?.[axis + 2], extent(window, axis)];
    const outputSize = wanted?.[axis];
    if (outputSize === undefined) padding.push(given);
    else if (typeof size !== 'number' || typeof span !== 'number') return undefined;
    else padding.push(given + Math.max(0, outputSize - ((window.strides[axis] ?? 1) * (size - 1) + given + span)));
  }
  return padding;
}

type AxisPads = { readonly begin: number; readonly end: number } | undefined;

/** Pads of one axis. */
function totalPads(node: Node, window: Window, axis: number, size: Dim): AxisPads {
  const automatic = node.string('auto_pad', 'NOTSET');
  const outputSize =
    node.opType === 'ConvTranspose' ? node.ints('output_shape')?.slice(-window.kernel.length) : undefined;
  if (outputSize) return halve(transposedTotal(node, window, axis, size, outputSize[axis]), automatic === 'SAME_UPPER');
  if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') {
    if (isContested(node, window)) return undefined;
    const total =
      node.opType === 'ConvTranspose'
        ? transposedTotal(node, window, axis, size, undefined)
        : sameTotal(node, window, axis, size);
    return halve(total, automatic === 'SAME_UPPER');
  }
  const pads = automatic === 'VALID' ? undefined : node.ints('pads');
  const axes = window.kernel.length;
  return { begin: pads?.[axis] ?? 0, end: pads?.[axis + axes] ?? 0 };
}

/** ONNX Runtime pads a dilated pool under SAME as if it were not dilated, the standard as it is: we say nothing. */
function isContested(node: Node, { dilations }: Window): boolean {
  return isPool(node) && dilations.some((dilation) => dilation !== 1);
}

function isPool({ opType }: Node): boolean {
  return opType.endsWith('Pool');
}

/** So many zeros that the output has ⌈size / stride⌉ positions. With stride 1 the size does not matter. */
function sameTotal(node: Node, window: Window, axis: number, size: Dim): number | undefined {
  const span = extent(window, axis);
  const stride = window.strides[axis] ?? 1;
  if (typeof span !== 'number') return undefined;
  if (stride === 1) return span - 1;
  if (typeof size !== 'number') return undefined;
  const total = (Math.ceil(size / stride) - 1) * stride + span - size;
  // Where a stride skips input at the end, ONNX Runtime moves its window: pools always, convolutions where it is three or
  // more, under SAME_LOWER four.
  const leastStill = isPool(node) ? 0 : node.string('auto_pad', '') === 'SAME_LOWER' ? -3 : -2;
  return total < leastStill ? undefined : Math.max(0, total);
}

/** stride·(size − 1) + output_padding + span − output size; the output size defaults to size·stride (auto_pad SAME). */
function transposedTotal(
  node: Node,
  window: Window,
  axis: number,
  size: Dim,
  outputSize: number | undefined,
): number | undefined {
  const span = extent(window, axis);
  const stride = window.strides[axis] ?? 1;
  const extra = node.ints('output_padding')?.[axis] ?? 0;
  if (typeof span !== 'number') return undefined;
  if (outputSize === undefined) return Math.max(0, span + extra - stride);
  return typeof size === 'number' ? Math.max(0, stride * (size - 1) + extra + span - outputSize) : undefined;
}

/** The odd zero goes to the end for SAME_UPPER, otherwise to the front. */
function halve(total: number | undefined, upper: boolean): AxisPads {
  if (total === undefined) return undefined;
  const less = Math.floor(total / 2);
  return upper ? { begin: less, end: total - less } : { begin: total - less, end: less };
}

/**
 * Output size of a convolution or pool along one axis: ⌊(size + pads − span) / stride⌋ + 1, rounded up under
 * `ceil_mode` unless the last window would start in the padding behind the input.
 */
export function slidingSize(node: Node, window: Window, axis: number, size: Dim): Dim {
  const stride = window.strides[axis] ?? 1;
  const automatic = node.string('auto_pad', 'NOTSET');
  if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') {
    if (isContested(node, window)) return undefined;
    if (stride === 1) return size;
    return typeof size === 'number' ? Math.ceil(size / stride) : undefined;
  }
  const span = extent(window, axis);
  const pads = totalPads(node, window, axis, size);
  if (typeof span !== 'number' || !pads) return undefined;
  if (stride === 1 && pads.begin + pads.end === span - 1) return size;
  if (typeof size !== 'number' || stride < 1) return undefined;
  const room = size + pads.begin + pads.end - span;
  // No window fits: the standard says nothing of this case.
  if (room < 0) return undefined;
  if (node.int('ceil_mode', 0) === 0) return Math.floor(room / stride) + 1;
  const steps = Math.ceil(room / stride);
  return steps * stride >= size + pads.begin ? steps : steps + 1;
}

/** Output size of a transposed convolution along one axis: stride·(size − 1) + output_padding + span − pads. */
export function transposedSize(node: Node, window: Window, axis: number, size: Dim): Dim {
  const declared = node.ints('output_shape')?.slice(-window.kernel.length)[axis];
  if (declared !== undefined) return declared;
  const span = extent(window, axis);
  const stride = window.strides[axis] ?? 1;
  const pads = totalPads(node, window, axis, size);
  if (typeof span !== 'number' || !pads) return undefined;
  const offset = (node.ints('output_padding')?.[axis] ?? 0) + span - pads.begin - pads.end - stride;
  if (stride === 1 && offset === 0) return size;
  return typeof size === 'number' ? stride * size + offset : undefined;
}
