import { z } from 'zod';
import { diagnostics } from '../../diagnostics.ts';
import { type Plan, planSchema } from '../../rewrite/index.ts';
import { defineCommand } from '../command.ts';
import { deliver, outputTarget } from '../deliver.ts';
import { engineOptions } from '../engine-options.ts';
import { readInput, readText } from '../files.ts';
import { evaluation, machine, type OptionName, outputOptions } from '../options.ts';

export const apply = defineCommand({
  usage: 'apply <input> [output]',
  summary: 'carries out a plan',
  examples: [['$0 apply model.onnx small.onnx --plan plan.json', 'what plan.json says, edits included']],
  given: z.strictObject({
    input: z.string().describe('model to read; - for standard input'),
    output: z.string().exactOptional().describe('model to write; - for standard output; none for a dry run'),
    plan: z.string().describe('plan to carry out'),
  }),
  options: ['plugin', 'freezeInputs', ...evaluation, ...machine, ...(Object.keys(outputOptions.shape) as OptionName[])],
  run: async ({ input, output, plan: path }, context) => {
    const target = await outputTarget(input, output, context);
    const plan = await readPlan(path);
    const result = await context.engine.apply(await readInput(input, context), plan, engineOptions(context));
    return deliver(result, target, context);
  },
});

const versioned = z.looseObject({ version: z.unknown() });

/** @throws invalid-plan where the file is no plan, or one of another version */
async function readPlan(path: string): Promise<Plan> {
  const json = parseJson(await readText(path), path);
  const { success, data } = versioned.safeParse(json);
  if (success && data.version !== 1) {
    throw diagnostics.invalidPlan(
      path,
      `version ${String(data.version)} is not known`,
      'This release reads version 1.',
    );
  }
  const plan = planSchema.safeParse(json);
  if (plan.success) return plan.data;
  const [issue] = plan.error.issues;
  throw diagnostics.invalidPlan(path, `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw diagnostics.invalidPlan(path, cause instanceof Error ? cause.message : 'not JSON');
  }
}
