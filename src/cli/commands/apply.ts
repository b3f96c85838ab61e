import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { deliver, outputTarget } from '../deliver.ts';
import { engineOptions } from '../engine-options.ts';
import { readInput, readPlan } from '../files.ts';
import { evaluation, machine, type OptionName, outputOptions } from '../options.ts';

export const apply = defineCommand({
  usage: 'apply <input> [output]',
  summary: 'carries out a plan',
  examples: [
    ['$0 apply model.onnx small.onnx --plan plan.json', 'what plan.json says, edits included'],
    ['$0 apply model.onnx small.onnx --plan plan.json --calibrate images/', 'a plan that was made with data'],
  ],
  given: z.strictObject({
    input: z.string().describe('model to read; - for standard input'),
    output: z.string().exactOptional().describe('model to write; - for standard output; none for a dry run'),
    plan: z.string().describe('plan to carry out'),
    refit: z.boolean().default(false).describe('fits to other calibration data than those that the plan was made with'),
  }),
  options: ['plugin', 'freezeInputs', ...evaluation, ...machine, ...(Object.keys(outputOptions.shape) as OptionName[])],
  run: async ({ input, output, plan: path, refit }, context) => {
    const target = await outputTarget(input, output, context);
    const plan = await readPlan(path);
    const result = await context.engine.apply(await readInput(input, context), plan, {
      ...engineOptions(context),
      refit,
    });
    return deliver(result, target, context);
  },
});
