import { diagnostics } from '../diagnostics.ts';
import { type NumericArray, toNumbers } from './elements.ts';
import { type Image, resizeBilinear } from './resize.ts';

/** Preprocessing with every choice made; made once per dataset by resolveTransform. */
export interface ImageTransform {
  /** A number is the length of the shorter side. */
  readonly resize: number | readonly [number, number] | undefined;
  readonly antialias: boolean;
  readonly crop: readonly [number, number] | undefined;
  /** Images that already have this size are neither resized nor cropped: presets only. */
  readonly keepSize: readonly [number, number] | undefined;
  readonly channels: 'rgb' | 'bgr' | 'gray' | undefined;
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly layout: 'NCHW' | 'NHWC';
}

/**
 * resize → centre crop → channel order → x·scale → (x − mean)/std → layout.
 *
 * @param pixels [height, width] or [height, width, 1|3|4], red first; a fourth channel (alpha) is dropped
 * @param place names the image in messages
 * @returns float32[C, H, W] or [H, W, C] and its dims
 * @throws image-too-small (2) the crop is larger than the image
 */
export function transformImage(
  pixels: NumericArray,
  dims: readonly number[],
  transform: ImageTransform,
  place: string,
): { readonly data: Float32Array; readonly dims: readonly number[] } {
  const image = toImage(pixels, dims);
  const sized = keepsSize(image, transform) ? image : crop(resize(image, transform), transform, place);
  return normalized(reorderChannels(sized, transform.channels), transform);
}

function toImage(pixels: NumericArray, dims: readonly number[]): Image {
  const [height, width, channels] = [dims[0]!, dims[1]!, dims[2] ?? 1];
  return { height, width, channels, data: new Float32Array(toNumbers(pixels)) };
}

function keepsSize({ height, width }: Image, { keepSize }: ImageTransform): boolean {
  return keepSize !== undefined && keepSize[0] === height && keepSize[1] === width;
}

/** The longer side is rounded down, as torchvision does. */
function resize(image: Image, { resize: wanted, antialias }: ImageTransform): Image {
  if (wanted === undefined) return image;
  if (typeof wanted !== 'number') return resizeBilinear(image, wanted[0], wanted[1], antialias);
  const { height, width } = image;
  const [h, w] =
    height <= width ? [wanted, Math.floor((wanted * width) / height)] : [Math.floor((wanted * height) / width), wanted];
  return resizeBilinear(image, h, w, antialias);
}

/** An odd margin is halved to the nearest even number, as torchvision does. */
function crop(image: Image, { crop: wanted }: ImageTransform, place: string): Image {
  if (wanted === undefined) return image;
  const [height, width] = wanted;
  if (height > image.height || width > image.width) {
    const message = `the image is ${image.height}×${image.width}, smaller than the crop of ${height}×${width}`;
    throw diagnostics.data('image-too-small', message, { file: place }, 'resize first');
  }
  const top = halfToEven(image.height - height);
  const left = halfToEven(image.width - width);
  const data = new Float32Array(height * width * image.channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * image.channels;
    data.set(image.data.subarray(from, from + width * image.channels), y * width * image.channels);
  }
  return { height, width, channels: image.channels, data };
}

function halfToEven(margin: number): number {
  const half = Math.floor(margin / 2);
  return margin % 2 === 1 && half % 2 === 1 ? half + 1 : half;
}

/** Rec. 601 luma, the weights of Pillow's and OpenCV's conversion to gray. */
const luma = [0.299, 0.587, 0.114] as const;

function reorderChannels(image: Image, order: ImageTransform['channels']): Image {
  const { height, width, data } = image;
  const count = height * width;
  const wanted = order === undefined ? Math.min(image.channels, 3) : order === 'gray' ? 1 : 3;
  if (wanted === image.channels && order !== 'bgr') return image;
  const result = new Float32Array(count * wanted);
  for (let p = 0; p < count; p++) {
    const from = p * image.channels;
    if (image.channels === 1) result.fill(data[from]!, p * wanted, (p + 1) * wanted);
    else if (wanted === 1) result[p] = luma[0] * data[from]! + luma[1] * data[from + 1]! + luma[2] * data[from + 2]!;
    else for (let c = 0; c < 3; c++) result[p * 3 + c] = data[from + (order === 'bgr' ? 2 - c : c)]!;
  }
  return { height, width, channels: wanted, data: result };
}

function normalized({ height, width, channels, data }: Image, { scale, mean, std, layout }: ImageTransform) {
  const result = new Float32Array(data.length);
  const count = height * width;
  const pixelStep = layout === 'NCHW' ? 1 : channels;
  const channelStep = layout === 'NCHW' ? count : 1;
  for (let c = 0; c < channels; c++) {
    const shift = mean[c % mean.length]!;
    const divisor = std[c % std.length]!;
    for (let p = 0; p < count; p++) {
      result[p * pixelStep + c * channelStep] = (data[p * channels + c]! * scale - shift) / divisor;
    }
  }
  return { data: result, dims: layout === 'NCHW' ? [channels, height, width] : [height, width, channels] };
}
