import { existsSync } from 'node:fs';
import { z } from 'zod';
import { diagnostics, didYouMean } from '../../diagnostics.ts';
import { defineCommand } from '../command.ts';
import { deliver, outputTarget } from '../deliver.ts';
import { engineOptions } from '../engine-options.ts';
import { readInput, standardStream } from '../files.ts';
import { type OptionName, optionsSchema } from '../options.ts';

const commandNames = [
  'plan',
  'apply',
  'inspect',
  'verify',
  'bench',
  'explain',
  'init',
  'completion',
  'sweep',
  'observe',
];

export const run = defineCommand({
  usage: '$0 <input> [output]',
  summary: 'compresses a model',
  examples: [
    ['$0 model.onnx small.onnx', 'safe default, no data needed'],
    ['$0 model.onnx small.onnx --target macs=0.5x --calibrate images/', 'half the work, at the least loss'],
    ['$0 model.onnx', 'dry run: the table, nothing is written'],
    ["$0 model.onnx small.onnx --pipeline 'fuse-batch-norm,vbmf-ranks,tucker-2'", 'the passes you say'],
    ['$0 model.onnx small.onnx --evaluate test.npz --report report.html', 'accuracy before and after'],
    ['$0 - - --quiet < model.onnx > small.onnx', 'in a pipe'],
  ],
  given: z.strictObject({
    input: z.string().describe('model to read; - for standard input'),
    output: z.string().exactOptional().describe('model to write; - for standard output; none for a dry run'),
  }),
  options: Object.keys(optionsSchema.shape) as OptionName[],
  run: async ({ input, output }, context) => {
    refuseCommandTypo(input);
    const target = await outputTarget(input, output, context);
    const result = await context.engine.compress(await readInput(input, context), engineOptions(context));
    return deliver(result, target, context);
  },
});

/** `onnx-tucker inspct model.onnx` would read "inspct" and write over the model. */
function refuseCommandTypo(input: string): void {
  if (!/^[a-z]+$/.test(input) || existsSync(input)) return;
  const hint = didYouMean(input, commandNames);
  if (hint && input !== standardStream) throw diagnostics.usage(`there is no command or file "${input}"`, hint);
}
