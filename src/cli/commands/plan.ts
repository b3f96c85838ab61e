import { z } from 'zod';
import { diagnostics } from '../../diagnostics.ts';
import { defineCommand } from '../command.ts';
import { engineOptions } from '../engine-options.ts';
import { isSameFile, readInput, refuseExisting, writeText } from '../files.ts';
import { calibration, goal, machine, selection, talk } from '../options.ts';
import { planText } from '../plan-text.ts';

export const plan = defineCommand({
  usage: 'plan <input>',
  summary: 'decides what to do with each node and writes it down',
  examples: [
    ['$0 plan model.onnx', 'look'],
    ['$0 plan model.onnx -o plan.json', 'keep it: edit it, commit it, apply it'],
    ['$0 plan model.onnx -o plan.json --target macs=0.5x --calibrate images/', 'with the next best of each node'],
  ],
  given: z.strictObject({
    input: z.string().describe('model to read; - for standard input'),
    output: z.string().exactOptional().describe('file to write the plan to'),
  }),
  letters: { output: 'o' },
  options: [...goal, ...selection, ...calibration, ...machine, 'force', ...talk],
  run: async ({ input, output: path }, context) => {
    const { engine, options, output } = context;
    if (path !== undefined) await refusePlanPath(path, input, options.force);
    const result = await engine.plan(await readInput(input, context), engineOptions(context));
    const json = JSON.stringify(result, null, 2);
    if (path !== undefined) await writeText(path, `${json}\n`, context);
    if (options.json) output.print(json);
    else if (!options.quiet) output.print(planText(result));
    return 0;
  },
});

async function refusePlanPath(path: string, input: string, force: boolean): Promise<void> {
  if (await isSameFile(path, input))
    throw diagnostics.usage(`-o ${path}: the plan would replace the model`, 'Use another path.');
  await refuseExisting(path, force);
}
