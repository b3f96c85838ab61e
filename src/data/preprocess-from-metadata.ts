import { z } from 'zod';
import type { RuntimePort } from '../runtime/index.ts';
import { messageOf } from './byte-source.ts';
import { type ImagePort, imagePort, portText } from './port-shape.ts';
import { checkPreprocess, type PreprocessInput, type PresetName, presetNames } from './preprocess.ts';

/** What a model's metadata_props say about how its images are prepared. */
export type MetadataPreprocess =
  | {
      /** For `--preprocess`. */
      readonly preprocess: PresetName | PreprocessInput;
      /** Where it was read, for the report: `metadata key …`. */
      readonly from: string;
    }
  | {
      readonly preprocess: undefined;
      /** Why what stands there cannot be used; undefined where nothing stands there. */
      readonly reason: string | undefined;
    };

/** Keys in lower case → value; keys are case-insensitive in the standard's own metadata. */
type Metadata = ReadonlyMap<string, string>;

/** One convention. It returns undefined where the model does not use it, and throws an Error where it does so wrongly. */
interface Convention {
  readonly from: string;
  read(metadata: Metadata, image: ImagePort): PreprocessInput | undefined;
}

/** The key under which this project looks first: a preset's name, or the JSON of a preprocess file. */
export const preprocessKey = 'onnx-tucker.preprocess';

const conventions: readonly Convention[] = [
  { from: 'metadata Image.NominalPixelRange and Image.BitmapPixelFormat', read: readImageCategory },
  { from: 'metadata of an Ultralytics export', read: readUltralytics },
  {
    from: 'metadata standardization_mean and standardization_std',
    read: (metadata, image) => readStandardization(metadata, image, ['standardization_mean', 'standardization_std']),
  },
  {
    from: 'metadata mean and std, of pixels / 255',
    read: (metadata, image) => readStandardization(metadata, image, ['mean', 'std']),
  },
];

/**
 * Reads the preprocessing that a model states in its metadata:
 *
 * - `onnx-tucker.preprocess`: a preset or the JSON of a preprocess file; it goes before all others;
 * - ONNX's image category (docs/MetadataProps.md): `Image.NominalPixelRange`, `Image.BitmapPixelFormat` and
 *   `Image.ColorSpaceGamma`, as Windows ML, Custom Vision and onnxmltools write them;
 * - Ultralytics exports (`author: Ultralytics`, `task: detect | segment | pose | obb`): RGB / 255;
 * - `standardization_mean` and `standardization_std` (QGIS Deepness), or `mean` and `std`: JSON lists for pixels / 255;
 *   plain numbers beyond 1 leave open what they are for, and are not used.
 *
 * What contradicts itself, the input, or another convention is not used, and the reason is told.
 *
 * @param metadata metadata_props of the model
 */
export function preprocessFromMetadata(
  metadata: Iterable<readonly [key: string, value: string]>,
  port: RuntimePort,
): MetadataPreprocess {
  try {
    const byKey = collected(metadata);
    const own = byKey.get(preprocessKey);
    if (own !== undefined) return { preprocess: ownSettings(own), from: `metadata key ${preprocessKey}` };
    const image = imagePort(port);
    if (!image) return { preprocess: undefined, reason: undefined };
    const [first, ...others] = conventions.flatMap(({ from, read }) => {
      const preprocess = read(byKey, image);
      return preprocess ? [{ from, preprocess }] : [];
    });
    const other = others.find(({ preprocess }) => JSON.stringify(preprocess) !== JSON.stringify(first?.preprocess));
    if (first && other) throw new Error(`${first.from} and ${other.from} contradict each other`);
    return first ?? { preprocess: undefined, reason: undefined };
  } catch (cause) {
    return { preprocess: undefined, reason: `${messageOf(cause)} (${portText(port)})` };
  }
}

function collected(metadata: Iterable<readonly [string, string]>): Metadata {
  const byKey = new Map<string, string>();
  for (const [key, value] of metadata) {
    const lower = key.toLowerCase();
    const before = byKey.get(lower);
    if (before !== undefined && before !== value)
      throw new Error(`metadata key ${key} stands twice with different values`);
    byKey.set(lower, value);
  }
  return byKey;
}

function ownSettings(text: string): PresetName | PreprocessInput {
  const preset = presetNames.find((name) => name === text.trim());
  return preset ?? checkPreprocess(parsedJson(text, preprocessKey), `metadata key ${preprocessKey}`);
}

const ranges: Readonly<Record<string, Pick<PreprocessInput, 'scale' | 'mean'>>> = {
  nominalrange_0_255: { scale: 1, mean: 0 },
  normalized_0_1: { scale: 1 / 255, mean: 0 },
  normalized_1_1: { scale: 1 / 127.5, mean: 1 },
  // Video levels: 16 is black, 235 white.
  nominalrange_16_235: { scale: 219 / 255, mean: -16 },
};
const formats = { gray8: 'gray', rgb8: 'rgb', bgr8: 'bgr' } as const;

function readImageCategory(metadata: Metadata, image: ImagePort): PreprocessInput | undefined {
  const value = (name: string) => metadata.get(`image.${name}`.toLowerCase())?.trim().toLowerCase();
  const range = value('NominalPixelRange');
  const format = value('BitmapPixelFormat');
  if (range === undefined && format === undefined) return undefined;
  if (range === undefined) throw new Error('Image.BitmapPixelFormat stands without Image.NominalPixelRange');
  const scaling = Object.hasOwn(ranges, range) ? ranges[range] : undefined;
  if (!scaling) throw new Error(`Image.NominalPixelRange "${range}" is unknown`);
  if (value('ColorSpaceGamma') === 'linear') throw new Error('Image.ColorSpaceGamma is linear, and images are in sRGB');
  const channels = format === undefined ? undefined : formats[format as keyof typeof formats];
  if (format !== undefined && !channels) throw new Error(`Image.BitmapPixelFormat "${format}" cannot be made`);
  if (channels && (channels === 'gray') !== (image.channels === 1)) {
    throw new Error(`Image.BitmapPixelFormat "${format}" does not fit ${image.channels} channels`);
  }
  return settings(image, { ...scaling, ...(channels && { channels }) });
}

function readUltralytics(metadata: Metadata, image: ImagePort): PreprocessInput | undefined {
  if (metadata.get('author') !== 'Ultralytics') return undefined;
  const task = metadata.get('task') ?? '';
  // Classifiers were normalised in some versions and not in others.
  if (!['detect', 'segment', 'pose', 'obb'].includes(task)) return undefined;
  return settings(image, { scale: 1 / 255, mean: 0, channels: image.channels === 1 ? 'gray' : 'rgb' });
}

const channelNumbers = z.array(z.number()).min(1).max(3);

function readStandardization(
  metadata: Metadata,
  image: ImagePort,
  keys: readonly [mean: string, std: string],
): PreprocessInput | undefined {
  const [mean, std] = keys.map((key) => channelList(metadata.get(key), key, image.channels));
  if (!mean && !std) return undefined;
  if (!mean || !std) throw new Error(`of metadata keys ${keys.join(' and ')} one is missing`);
  if (Math.max(...mean, ...std) > 1) throw new Error(`metadata keys ${keys.join(' and ')} are not for pixels / 255`);
  return settings(image, { scale: 1 / 255, mean, std });
}

function channelList(text: string | undefined, key: string, channels: number): [number, ...number[]] | undefined {
  if (text === undefined) return undefined;
  const { data } = channelNumbers.safeParse(parsedJson(text, key));
  const [first, ...rest] = data ?? [];
  if (first !== undefined && [1, channels].includes(1 + rest.length)) return [first, ...rest];
  throw new Error(`metadata key ${key} is no list of ${channels} numbers`);
}

/** Stretched to the size of the input, where the input has one. */
function settings({ layout, height, width }: ImagePort, values: PreprocessInput): PreprocessInput {
  return checkPreprocess({ ...(height && width && { resize: [height, width] }), ...values, layout });
}

function parsedJson(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`metadata key ${key} is no JSON: ${messageOf(cause)}`);
  }
}
