/** Pixels of one image: float32[height, width, channels], row-major. */
export interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/** For each output position: the first input position, and weights of the `width` positions from there. */
interface Taps {
  readonly width: number;
  readonly starts: Int32Array;
  /** float64[outputs, width] */
  readonly weights: Float64Array;
}

/**
 * Bilinear interpolation with half-pixel centres: output position o looks at input position
 * `(o + ½)·input/output − ½`, clamped to the image. With `antialias` the triangle widens by `input/output` when that is
 * above 1 and its weights within the image are normalised to sum 1.
 *
 * The former is PyTorch's `interpolate(mode='bilinear', align_corners=False)`, TensorFlow's `image.resize` and ONNX's
 * Resize (linear, half_pixel); the latter Pillow's `BILINEAR` filter on float pixels, PyTorch's `antialias=True`.
 * Computed in float64, rounded to float32 once.
 */
export function resizeBilinear(image: Image, height: number, width: number, antialias: boolean): Image {
  if (image.height === height && image.width === width) return image;
  const columns = (antialias ? triangleTaps : bilinearTaps)(image.width, width);
  const rows = (antialias ? triangleTaps : bilinearTaps)(image.height, height);
  const narrowed = new Float64Array(image.height * width * image.channels);
  alongAxis(image.data, narrowed, columns, image.height, image.width, image.channels);
  const data = new Float32Array(height * width * image.channels);
  alongAxis(narrowed, data, rows, 1, image.height, width * image.channels);
  return { height, width, channels: image.channels, data };
}

function bilinearTaps(input: number, output: number): Taps {
  const width = Math.min(2, input);
  const starts = new Int32Array(output);
  const weights = new Float64Array(output * width);
  for (let o = 0; o < output; o++) {
    const position = Math.min(Math.max(((o + 0.5) * input) / output - 0.5, 0), input - 1);
    const start = Math.min(Math.floor(position), Math.max(input - 2, 0));
    starts[o] = start;
    weights[o * width] = 1 - (position - start);
    if (width === 2) weights[o * width + 1] = position - start;
  }
  return { width, starts, weights };
}

function triangleTaps(input: number, output: number): Taps {
  const reach = Math.max(input / output, 1);
  const width = Math.min(Math.ceil(reach) * 2 + 1, input);
  const starts = new Int32Array(output);
  const weights = new Float64Array(output * width);
  for (let o = 0; o < output; o++) {
    const centre = ((o + 0.5) * input) / output;
    const start = Math.min(Math.max(Math.floor(centre - reach + 0.5), 0), input - width);
    starts[o] = start;
    let sum = 0;
    for (let k = 0; k < width; k++) {
      const weight = Math.max(0, 1 - Math.abs(start + k + 0.5 - centre) / reach);
      weights[o * width + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < width; k++) weights[o * width + k]! /= sum;
  }
  return { width, starts, weights };
}

/**
 * @param source [outer, input, inner], row-major
 * @param target [outer, outputs, inner]
 */
function alongAxis(
  source: Float32Array | Float64Array,
  target: Float32Array | Float64Array,
  { width, starts, weights }: Taps,
  outer: number,
  input: number,
  inner: number,
): void {
  const outputs = starts.length;
  for (let a = 0; a < outer; a++) {
    for (let o = 0; o < outputs; o++) {
      const from = (a * input + starts[o]!) * inner;
      const to = (a * outputs + o) * inner;
      for (let i = 0; i < inner; i++) {
        let sum = 0;
        for (let k = 0; k < width; k++) sum += weights[o * width + k]! * source[from + k * inner + i]!;
        target[to + i] = sum;
      }
    }
  }
}
