/**
 * Every option of the command, once: types, defaults, --help, the configuration file and its JSON Schema come from here.
 * A group is a heading of --help.
 */
import { z } from 'zod';
import { byteCount, duration, points } from './quantities.ts';

export const goalOptions = z.strictObject({
  target: z
    .array(z.string())
    .default([])
    .describe(
      'what the model may still cost: macs=0.5x, params=2M, size=4MB, latency=3ms; after ÷ before, or an amount',
    ),
  maxDrop: points
    .exactOptional()
    .describe('percentage points of top-1 that may be lost, such as 1%; judged on labelled calibration data kept back'),
  maxKl: z
    .number()
    .nonnegative()
    .exactOptional()
    .describe('KL divergence from the original that is allowed, in nats; judged on samples kept back'),
  maxError: z
    .number()
    .nonnegative()
    .exactOptional()
    .describe('outputError that is allowed, E‖ŷ−y‖²/Σvar(y); judged on samples kept back'),
  bestEffort: z
    .boolean()
    .default(false)
    .describe('writes the nearest model where the goal cannot be reached, in place of exit code 6'),
});

export const passOptions = z.strictObject({
  pipeline: z
    .string()
    .exactOptional()
    .describe("passes in order, such as 'fuse-batch-norm,vbmf-ranks,tucker-2'; none for no pass"),
  preset: z.enum(['safe', 'balanced', 'small']).default('safe').describe('passes and limits to start from'),
  pass: z.array(z.string()).default([]).describe('adds a pass to the preset, or sets its options: name{option=value}'),
  skipPass: z.array(z.string()).default([]).describe('leaves a pass of the preset out'),
  plugin: z.array(z.string()).default([]).describe('module or npm package to load further passes from'),
  include: z.array(z.string()).default([]).describe('rewrites only nodes whose name matches a glob'),
  exclude: z.array(z.string()).default([]).describe('keeps nodes whose name matches a glob'),
  ranks: z
    .record(z.string(), z.array(z.number().int().positive()).min(1))
    .default({})
    .describe('ranks of one node: node=r1,r2'),
  requireGain: z
    .enum(['params-or-macs', 'params', 'macs', 'none'])
    .default('params-or-macs')
    .describe('what a rewrite must lower'),
  freezeInputs: z
    .boolean()
    .default(false)
    .describe('treats weights that are listed as graph inputs as constants and removes those inputs'),
});

export const dataOptions = z.strictObject({
  calibrate: z
    .string()
    .exactOptional()
    .describe('data to fit on, no labels needed: a folder of images, .npz, .npy, raw elements or a glob'),
  statistics: z
    .string()
    .exactOptional()
    .describe('fits to what "observe" wrote, in place of --calibrate: the data can stay with their owner'),
  effort: z
    .enum(['fast', 'normal', 'max'])
    .exactOptional()
    .describe('work of the fits to calibration data (normal; of a sweep fast); max for when minutes do not matter'),
  evaluate: z
    .string()
    .exactOptional()
    .describe('labelled data to measure accuracy on: .npz, .npy, a folder of images or a glob'),
  preprocess: z.string().exactOptional().describe('imagenet, tf, raw or a JSON file'),
  inputKey: z.string().exactOptional().describe('name of the images in an .npz (x)'),
  labelKey: z.string().exactOptional().describe('name of the labels in an .npz (y)'),
  inputShape: z
    .record(z.string(), z.array(z.number().int().positive()))
    .default({})
    .describe('shape of an input whose sizes the model leaves open: name:1,3,224,224'),
  samples: z
    .number()
    .int()
    .positive()
    .exactOptional()
    .describe(
      'how many samples to calibrate with (512, or 1024 where the widest operator has few rows then); without --calibrate, how many to evaluate (all)',
    ),
  seed: z.number().int().nonnegative().default(0).describe('seed of all random numbers'),
});

export const machineOptions = z.strictObject({
  threads: z.number().int().positive().exactOptional().describe('threads to use; results do not depend on it'),
  device: z
    .enum(['cpu', 'cuda', 'webgpu'])
    .default('cpu')
    .describe('where latency is measured; fits and checks stay on the CPU'),
  timeout: duration.exactOptional().describe('limit of one request to ONNX Runtime, such as 90s or 5m'),
  memory: byteCount.exactOptional().describe('largest size of the ONNX Runtime process, such as 2GiB'),
  cache: z
    .string()
    .exactOptional()
    .describe(
      'folder of times, plans and results that later runs with the same question use again; shared by any number of them',
    ),
  check: z
    .enum(['contraction', 'nodes', 'model'])
    .default('model')
    .describe('what is proved: the factors, each rewritten node in ONNX Runtime too, or the whole model too'),
  externalRoot: z
    .array(z.string())
    .default([])
    .describe("folder outside the model's own that external data may be read from"),
});

export const outputOptions = z.strictObject({
  report: z.array(z.string()).default([]).describe('writes the report: .json or .html'),
  force: z.boolean().default(false).describe('overwrites existing files'),
  inPlace: z.boolean().default(false).describe('replaces the input model'),
  externalData: z
    .enum(['auto', 'always', 'never'])
    .default('auto')
    .describe('weights in a file of their own; auto: as in the input, or where 2 GiB are not enough'),
  bench: z.boolean().default(true).describe('measures latency before and after'),
  json: z.boolean().default(false).describe('prints the result as JSON'),
  quiet: z.boolean().default(false).describe('prints errors only'),
  verbose: z.boolean().default(false).describe('prints more, stack traces of internal errors included'),
  progress: z.boolean().default(true).describe('shows progress bars on a terminal'),
});

/** Headings of --help and what stands under them. */
export const optionGroups = {
  'Goal:': goalOptions,
  'Passes:': passOptions,
  'Data:': dataOptions,
  'Machine:': machineOptions,
  'Output:': outputOptions,
} as const;

export const optionsSchema = z.strictObject({
  ...goalOptions.shape,
  ...passOptions.shape,
  ...dataOptions.shape,
  ...machineOptions.shape,
  ...outputOptions.shape,
});

export type Options = z.output<typeof optionsSchema>;
export type OptionName = keyof Options;

/** Groups that most commands share. */
export const talk: readonly OptionName[] = ['json', 'quiet', 'verbose', 'progress'];
export const machine = Object.keys(machineOptions.shape) as OptionName[];
export const goal = Object.keys(goalOptions.shape) as OptionName[];
export const selection = Object.keys(passOptions.shape) as OptionName[];
export const evaluation = Object.keys(dataOptions.shape) as OptionName[];
/** The data options of commands that fit, but judge nothing. */
export const calibration = evaluation.filter((name) => name !== 'evaluate');
