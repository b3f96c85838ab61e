import { z } from 'zod';
import { diagnostics } from '../../diagnostics.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { engineOptions } from '../engine-options.ts';
import { explanationText, planExplanationText } from '../explanation-text.ts';
import { readInput, readPlan } from '../files.ts';
import { calibration, goal, machine, selection, talk } from '../options.ts';

export const explain = defineCommand({
  usage: 'explain <input> <node>',
  summary: 'says how a node is seen, what is decided for it, why, and how to change that',
  examples: [
    ['$0 explain model.onnx layer1.0.conv1', 'pattern, numbers, rule'],
    [
      '$0 explain model.onnx layer1.0.conv1 --plan plan.json',
      'what a plan does with it and its channels, and why not the next best',
    ],
    ['$0 explain model.onnx layer1.0.conv1 --target macs=0.5x --calibrate images/', 'the same, planned on the spot'],
  ],
  given: z.strictObject({
    input: z.string().describe('model to read; - for standard input'),
    node: z.string().describe('name of a node, as inspect prints it'),
    plan: z.string().exactOptional().describe('explains by the plan in this file'),
  }),
  options: [...goal, ...selection, ...calibration, ...machine, ...talk],
  run: async ({ input, node, plan: path }, context) => {
    if (path !== undefined) refuseGoal(context);
    const { engine, options, output } = context;
    const plan = path === undefined ? undefined : await readPlan(path);
    const [model, asked] = [await readInput(input, context), engineOptions(context)];
    const explanation = plan
      ? await engine.explainPlan(model, node, plan, asked)
      : await engine.explain(model, node, asked);
    if (options.json) output.print(JSON.stringify(explanation, null, 2));
    else output.print('goal' in explanation ? planExplanationText(explanation) : explanationText(explanation));
    return 0;
  },
});

function refuseGoal({ options: { target, maxDrop, maxKl, maxError } }: CommandContext): void {
  if (target.length > 0 || [maxDrop, maxKl, maxError].some((most) => most !== undefined))
    throw diagnostics.usage('a plan has its goal already', 'Leave out --plan, or --target and the --max options.');
}
