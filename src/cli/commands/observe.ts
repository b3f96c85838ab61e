import { z } from 'zod';
import { diagnostics } from '../../diagnostics.ts';
import { defineCommand } from '../command.ts';
import { engineOptions } from '../engine-options.ts';
import { isSameFile, readInput, readPlan, refuseExisting } from '../files.ts';
import { calibration, machine, selection, talk } from '../options.ts';

export const observe = defineCommand({
  usage: 'observe <input>',
  summary: 'takes the statistics that fits need, so that the data can stay where they are',
  examples: [
    ['$0 observe model.onnx -o stats.safetensors --calibrate images/', 'means and covariances, for --statistics'],
    [
      '$0 observe model.onnx -o factors.safetensors --calibrate images/ --plan plan.json',
      'the fits of a plan, for apply --plan plan.json --statistics factors.safetensors',
    ],
  ],
  given: z.strictObject({
    input: z.string().describe('model to read; - for standard input'),
    output: z.string().describe('file to write, .safetensors'),
    plan: z.string().exactOptional().describe('fits this plan and writes its factors'),
  }),
  letters: { output: 'o' },
  options: [...selection, ...calibration, ...machine, 'force', ...talk],
  run: async ({ input, output: path, plan }, context) => {
    const { engine, options, output } = context;
    if (await isSameFile(path, input))
      throw diagnostics.usage(`-o ${path}: the statistics would replace the model`, 'Use another path.');
    await refuseExisting(path, options.force);
    const chosen = plan === undefined ? undefined : await readPlan(plan);
    const result = await engine.observe(await readInput(input, context), engineOptions(context), chosen);
    await result.writeTo(path, { overwrite: options.force });
    if (options.json) output.print(JSON.stringify({ file: path, nodes: result.nodes }, null, 2));
    else if (!options.quiet)
      output.print(` ${chosen ? 'factors' : 'statistics'} of ${result.nodes.length} nodes in ${path}`);
    return 0;
  },
});
