import { diagnostics } from '../diagnostics.ts';
import type { RuntimePort } from '../runtime/index.ts';
import { type NumericArray, toNumbers } from './elements.ts';
import { type ImageTransform, transformImage } from './image-transform.ts';
import { type Axis, fits, imageAxes, portText, sampleAxes } from './port-shape.ts';
import { checkPreprocess, type Preprocess, type PreprocessChoice, presetSettings } from './preprocess.ts';
import type { Sample } from './samples.ts';

/** How stored samples become values of a model's input. */
export interface Fitting {
  /** What is done, for reports: JSON with every choice made. */
  readonly text: string;
  readonly labelOffset: number;
  apply(sample: Sample): { readonly data: NumericArray; readonly dims: readonly number[] };
}

/**
 * Decides from one sample whether the data are images to preprocess or values to feed as they are.
 *
 * Images: the input has rank 4 and a sample is [H, W] or [H, W, 1|3|4]; unless nothing was asked for and the sample
 * already has the input's shape. Values of another shape take scale, mean and std as single numbers, nothing else.
 *
 * @throws input-shape-mismatch, invalid-preprocess (2)
 */
export function fitToPort(port: RuntimePort, example: Sample, choice: PreprocessChoice | undefined): Fitting {
  const axes = sampleAxes(port);
  const { dims } = example;
  const pixels = dims.length === 2 || (dims.length === 3 && [1, 3, 4].includes(dims[2] ?? 0));
  const asked = choice && !(choice.kind === 'preset' && choice.name === 'raw');
  const isImage =
    pixels && (axes === undefined ? choice !== undefined : axes.length === 3) && (asked || !fits(dims, axes));
  return isImage ? fitImages(port, axes, choice) : fitValues(port, axes, example, choice);
}

/** Where nothing was asked for, pixels only take the layout of the input: to resize them unasked would hide a mistake. */
function fitImages(
  port: RuntimePort,
  axes: readonly Axis[] | undefined,
  choice: PreprocessChoice | undefined,
): Fitting {
  const preset = choice?.kind === 'preset' ? choice.name : undefined;
  const wanted = choice?.kind === 'settings' ? choice.settings : checkPreprocess({});
  const place = imageAxes(axes, wanted.layout);
  const settings = preset ? presetSettings(preset, inputSize(port, place, preset)) : wanted;
  const channels = settings.channels ?? (place.channels === 1 ? 'gray' : place.channels === 3 ? 'rgb' : undefined);
  const transform: ImageTransform = {
    resize: settings.resize,
    antialias: settings.antialias,
    crop: square(settings.crop),
    keepSize: preset && place.height && place.width ? [place.height, place.width] : undefined,
    channels,
    scale: settings.scale,
    mean: listed(settings.mean),
    std: listed(settings.std),
    layout: place.layout,
  };
  checkChannelCounts(transform);
  return {
    text: JSON.stringify({ ...(preset && { preset }), ...transform, labelOffset: settings.labelOffset }),
    labelOffset: settings.labelOffset,
    apply: (sample) => checked(transformImage(sample.data, sample.dims, transform, sample.place), port, axes, sample),
  };
}

function fitValues(
  port: RuntimePort,
  axes: readonly Axis[] | undefined,
  example: Sample,
  choice: PreprocessChoice | undefined,
): Fitting {
  const settings = choice?.kind === 'settings' ? choice.settings : undefined;
  if (choice?.kind === 'preset' && choice.name !== 'raw') throw notImages(port, example, `preset ${choice.name}`);
  if (!settings) {
    return { text: 'none', labelOffset: 0, apply: (sample) => checked(reshaped(sample, axes), port, axes, sample) };
  }
  const { scale, labelOffset } = settings;
  const mean = single(settings, 'mean', port, example);
  const std = single(settings, 'std', port, example);
  for (const key of ['resize', 'crop', 'channels'] as const) {
    if (settings[key] !== undefined) throw notImages(port, example, `"${key}"`);
  }
  return {
    text: JSON.stringify({ scale, mean, std, labelOffset }),
    labelOffset,
    apply: (sample) => {
      const numbers = toNumbers(sample.data);
      const data = new Float32Array(numbers.length);
      for (let i = 0; i < data.length; i++) data[i] = ((numbers[i] as number) * scale - mean) / std;
      return checked(reshaped({ ...sample, data }, axes), port, axes, sample);
    },
  };
}

/** [28, 28] for an input [N, 784], [784] for [N, 1, 28, 28]: the same values in the same order. */
function reshaped({ data, dims }: Sample, axes: readonly Axis[] | undefined) {
  if (axes === undefined || fits(dims, axes) || axes.includes(null)) return { data, dims };
  const known = axes.filter((size) => size !== null);
  return product(known) === product(dims) && (known.length === 1 || dims.length === 1)
    ? { data, dims: known }
    : { data, dims };
}

function product(dims: readonly number[]): number {
  return dims.reduce((result, dim) => result * dim, 1);
}

function checked<T extends { readonly dims: readonly number[] }>(
  fed: T,
  port: RuntimePort,
  axes: readonly Axis[] | undefined,
  sample: Sample,
): T {
  if (fits(fed.dims, axes)) return fed;
  const became = fed.dims.join() === sample.dims.join() ? '' : `, preprocessed to [${fed.dims.join(', ')}]`;
  const message = `a sample of shape [${sample.dims.join(', ')}]${became} does not fit ${portText(port)}`;
  throw diagnostics.data('input-shape-mismatch', message, { file: sample.place }, mismatchHint(sample.dims, axes));
}

function mismatchHint(dims: readonly number[], axes: readonly Axis[] | undefined): string {
  if (dims.length === 3 && axes?.length === 3 && (dims[0] === 1 || dims[0] === 3)) {
    return 'images are wanted as [N, H, W, C]: numpy.transpose(x, (0, 2, 3, 1)); values that need no preprocessing as the input has them';
  }
  return axes?.length === 3
    ? 'give --preprocess: a preset, which takes the size from the model, or a file with "resize" or "crop"'
    : 'bring the samples in the shape of the input';
}

function inputSize(port: RuntimePort, place: { height: Axis; width: Axis }, preset: string): readonly [number, number] {
  if (place.height !== null && place.width !== null) return [place.height, place.width];
  const message = `preset ${preset} takes the image size from the model, and ${portText(port)} leaves it open`;
  throw diagnostics.data('invalid-preprocess', message, undefined, 'give a --preprocess file with "resize"');
}

function notImages(port: RuntimePort, sample: Sample, what: string) {
  const message = `${what} is for images, but samples of shape [${sample.dims.join(', ')}] for ${portText(port)} are not`;
  return diagnostics.data(
    'invalid-preprocess',
    message,
    { file: sample.place },
    mismatchHint(sample.dims, sampleAxes(port)),
  );
}

function checkChannelCounts({ channels, mean, std }: ImageTransform): void {
  const count = channels === 'gray' ? 1 : 3;
  for (const [key, values] of [
    ['mean', mean],
    ['std', std],
  ] as const) {
    if (values.length === 1 || values.length === count) continue;
    throw diagnostics.data('invalid-preprocess', `"${key}" has ${values.length} numbers for ${count} channels`);
  }
}

function single(settings: Preprocess, key: 'mean' | 'std', port: RuntimePort, sample: Sample): number {
  const [value, ...others] = listed(settings[key]);
  if (value === undefined || others.length > 0) throw notImages(port, sample, `"${key}" with a number per channel`);
  return value;
}

function listed(value: number | readonly number[]): readonly number[] {
  return typeof value === 'number' ? [value] : value;
}

function square(size: Preprocess['crop']): readonly [number, number] | undefined {
  return typeof size === 'number' ? [size, size] : size;
}
