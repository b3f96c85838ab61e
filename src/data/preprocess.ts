import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { diagnostics, didYouMean } from '../diagnostics.ts';
import { messageOf, unreadable } from './byte-source.ts';

const pixels = z.number().int().positive();
const size = z.union([pixels, z.tuple([pixels, pixels])]);
const perChannel = (value: z.ZodNumber) => z.union([value, z.array(value).nonempty()]);

/** From pixels to what the model takes; every step is optional and they are applied in this order. */
export const preprocessSchema = z.strictObject({
  $schema: z.string().optional(),
  resize: size.optional().describe('[height, width] stretches; one number is the length of the shorter side'),
  antialias: z.boolean().default(false).describe('widen the bilinear filter when the image gets smaller'),
  crop: size.optional().describe('cut [height, width], or a square, from the middle'),
  channels: z
    .enum(['rgb', 'bgr', 'gray'])
    .optional()
    .describe("order of the channels; by default rgb or gray, as the model's input has 3 or 1"),
  scale: z.number().default(1).describe('pixels of 0 … 255 are multiplied by this'),
  mean: perChannel(z.number()).default(0).describe('subtracted after scaling, one number or one per channel'),
  std: perChannel(z.number().positive()).default(1).describe('divided by after subtracting'),
  layout: z.enum(['NCHW', 'NHWC']).optional().describe("by default the one that fits the model's input"),
  labelOffset: z
    .number()
    .int()
    .default(0)
    .describe("what the model's class is ahead of the label: 1 with a background class"),
});

export type Preprocess = z.output<typeof preprocessSchema>;
export type PreprocessInput = z.input<typeof preprocessSchema>;

export const presetNames = ['imagenet', 'tf', 'raw'] as const;
export type PresetName = (typeof presetNames)[number];

/** Preprocessing as the user asked for it. A preset becomes numbers when the model's input is known. */
export type PreprocessChoice =
  | { readonly kind: 'preset'; readonly name: PresetName }
  | { readonly kind: 'settings'; readonly settings: Preprocess };

/**
 * Reads `--preprocess`: a preset's name, or the path of a JSON file.
 *
 * @throws invalid-preprocess (2) unknown keys, wrong values, not JSON · unreadable-data (7)
 */
export async function parsePreprocess(nameOrFile: string): Promise<PreprocessChoice> {
  const preset = presetNames.find((name) => name === nameOrFile);
  if (preset) return { kind: 'preset', name: preset };
  const text = await readFile(nameOrFile, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' && !/[./\\]/.test(nameOrFile)) {
      const message = `there is no preset named "${nameOrFile}"`;
      throw diagnostics.data(
        'invalid-preprocess',
        message,
        undefined,
        didYouMean(nameOrFile, presetNames) ?? `Presets: ${presetNames.join(', ')}`,
      );
    }
    throw unreadable(nameOrFile, cause);
  });
  return { kind: 'settings', settings: checkPreprocess(parseJson(text, nameOrFile), nameOrFile) };
}

/** @throws invalid-preprocess (2) */
export function checkPreprocess(value: unknown, place = 'preprocess'): Preprocess {
  const parsed = preprocessSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys.join(', ');
    const known = Object.keys(preprocessSchema.shape).filter((name) => name !== '$schema');
    throw diagnostics.data(
      'invalid-preprocess',
      `unknown key "${key}"`,
      { file: place },
      didYouMean(key, known) ?? `Known: ${known.join(', ')}`,
    );
  }
  const key = issue && issue.path.length > 0 ? `"${issue.path.join('.')}": ` : '';
  throw diagnostics.data('invalid-preprocess', `${key}${issue?.message ?? 'not valid'}`, { file: place });
}

/**
 * A preset's numbers for a model whose input is height × width.
 *
 * - `imagenet`: shorter side to 256/224 of the input, centre crop, x/255, ImageNet's mean and standard deviation
 * - `tf`: stretched to the input, x/127.5 − 1
 * - `raw`: stretched to the input, values as they are
 */
export function presetSettings(name: PresetName, [height, width]: readonly [number, number]): Preprocess {
  const input: [number, number] = [height, width];
  const none: Preprocess = { antialias: false, scale: 1, mean: 0, std: 1, labelOffset: 0 };
  if (name === 'raw') return { ...none, resize: input };
  if (name === 'tf') return { ...none, resize: input, scale: 1 / 127.5, mean: 1 };
  return {
    ...none,
    resize: Math.round((Math.max(height, width) * 256) / 224),
    crop: input,
    scale: 1 / 255,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  };
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw diagnostics.data('invalid-preprocess', `not JSON: ${messageOf(cause)}`, { file: place });
  }
}
