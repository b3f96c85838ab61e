import type { RuntimeTensor } from '../runtime/index.ts';
import { imageAxes } from './port-shape.ts';

type Feeds = Readonly<Record<string, RuntimeTensor>>;

/**
 * A batch of images with left and right exchanged; undefined where the feeds are anything but one input of gray or colour
 * images, [N, C, H, W] or [N, H, W, C].
 */
export function mirrorImages(feeds: Feeds): Feeds | undefined {
  const [input, ...others] = Object.entries(feeds);
  if (!input || others.length > 0) return undefined;
  const [name, tensor] = input;
  const { dims, data } = tensor;
  if (dims.length !== 4 || !ArrayBuffer.isView(data)) return undefined;
  const { layout, channels } = imageAxes(dims.slice(1));
  if (channels !== 1 && channels !== 3) return undefined;
  const [width, pixel] = layout === 'NCHW' ? [dims[3] ?? 1, 1] : [dims[2] ?? 1, channels];
  return { [name]: { ...tensor, data: reversed(data, width, pixel) } };
}

/** Rows of `width` pixels of `pixel` numbers each, every row from its end. */
function reversed<Data extends Exclude<RuntimeTensor['data'], readonly string[]>>(
  data: Data,
  width: number,
  pixel: number,
): Data {
  const result = data.slice() as Data;
  const line = width * pixel;
  for (let row = 0; row < data.length; row += line)
    for (let x = 0; x < width; x++) {
      const from = row + x * pixel;
      result.set(data.subarray(from, from + pixel) as never, row + (width - 1 - x) * pixel);
    }
  return result;
}
