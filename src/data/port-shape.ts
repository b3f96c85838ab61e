import type { RuntimePort } from '../runtime/index.ts';

/** Size of an axis, null where it is a symbol or unknown. */
export type Axis = number | null;

/** The axes of one sample: all but the first, which counts samples. Undefined where the rank is unknown. */
export function sampleAxes(port: RuntimePort): readonly Axis[] | undefined {
  return port.shape?.slice(1).map(axis);
}

/** The batch size that the model insists on, undefined where any will do. */
export function fixedBatch(port: RuntimePort): number | undefined {
  const first = port.shape?.[0];
  return first === undefined ? undefined : (axis(first) ?? undefined);
}

function axis(size: number | string): Axis {
  return typeof size === 'number' && size > 0 ? size : null;
}

export function fits(dims: readonly number[], axes: readonly Axis[] | undefined): boolean {
  return (
    axes === undefined || (axes.length === dims.length && axes.every((size, k) => size === null || size === dims[k]))
  );
}

/** Where an image input has its channels, height and width; by the axis that has 1 or 3, first the NCHW one. */
export function imageAxes(axes: readonly Axis[] | undefined, wanted?: 'NCHW' | 'NHWC') {
  const [a = null, b = null, c = null] = axes ?? [];
  const colours = (size: Axis) => size === 1 || size === 3;
  const layout = wanted ?? (!colours(a) && colours(c) ? 'NHWC' : 'NCHW');
  return layout === 'NCHW'
    ? { layout, channels: a, height: b, width: c }
    : { layout, channels: c, height: a, width: b };
}

export function portText(port: RuntimePort): string {
  return `input "${port.name}" ${port.dtype ?? ''}[${port.shape?.join(', ') ?? '…'}]`;
}

/** An input of four axes, of which one is the channels of a gray or colour image. */
export interface ImagePort {
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 1 | 3;
  readonly height: Axis;
  readonly width: Axis;
}

/** Undefined for what cannot be an image, or could be one of an unusual number of channels. */
export function imagePort(port: RuntimePort, wanted?: 'NCHW' | 'NHWC'): ImagePort | undefined {
  const axes = sampleAxes(port);
  if (axes?.length !== 3) return undefined;
  const { layout, channels, height, width } = imageAxes(axes, wanted);
  return channels === 1 || channels === 3 ? { layout, channels, height, width } : undefined;
}
