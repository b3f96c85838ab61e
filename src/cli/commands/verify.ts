import { z } from 'zod';
import { diagnostics } from '../../diagnostics.ts';
import { percent, signed } from '../../report/index.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import type { ModelInput, VerifyResult } from '../engine.ts';
import { engineOptions } from '../engine-options.ts';
import { readInput, standardStream } from '../files.ts';
import { evaluation, machine, talk } from '../options.ts';

export const verify = defineCommand({
  usage: 'verify <original> <other>',
  summary: 'compares the outputs of two models',
  examples: [
    ['$0 verify model.onnx small.onnx', 'the same function, but for rounding?'],
    ['$0 verify model.onnx small.onnx --tolerance 0.1 --evaluate test.npz', 'and on labelled data'],
  ],
  given: z.strictObject({
    original: z.string().describe('model to compare with; - for standard input'),
    other: z.string().describe('model to judge'),
    tolerance: z.number().positive().default(1e-4).describe('largest relative output error that passes'),
  }),
  options: [...evaluation, ...machine, ...talk],
  run: async ({ original, other, tolerance }, context) => {
    const [a, b] = await readPair(original, other, context);
    const result = await context.engine.verify(a, b, { ...engineOptions(context), tolerance });
    const { options, output } = context;
    if (options.json) output.print(JSON.stringify(result, null, 2));
    else if (!options.quiet) output.print(verificationText(result));
    return result.ok ? 0 : 5;
  },
});

/** Two models, one of which may come from standard input. */
export async function readPair(
  original: string,
  other: string,
  context: CommandContext,
): Promise<readonly [ModelInput, ModelInput]> {
  if (original === standardStream && other === standardStream) {
    throw diagnostics.usage('only one of two models can come from standard input');
  }
  return [await readInput(original, context), await readInput(other, context)];
}

function verificationText({ ok, tolerance, verification: { approximate, metric, unverified } }: VerifyResult): string {
  const lines: string[] = [];
  if (approximate) {
    const { maxRelativeError, outputError, top1Agreement, samples, inputs } = approximate;
    lines.push(` largest relative output error ${maxRelativeError.toPrecision(3)} (tolerance ${tolerance})`);
    lines.push(` output error ${outputError.toPrecision(3)} over ${samples} ${inputs} samples`);
    if (top1Agreement !== null) lines.push(` top-1 agreement ${percent(top1Agreement)}`);
  }
  if (metric) {
    const [low, high] = metric.ci95.map((bound) => signed(bound, 2));
    const difference = `${signed(metric.difference, 2)} pt (95 % interval ${low} to ${high})`;
    lines.push(` top-1 ${percent(metric.before)} → ${percent(metric.after)}, ${difference}`);
  }
  if (unverified !== null) lines.push(` not judged: ${unverified}`);
  return [...lines, ok ? ' the models agree' : ' the models differ'].join('\n');
}
