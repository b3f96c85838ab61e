import { z } from 'zod';
import { textTable } from '../../report/index.ts';
import { defineCommand } from '../command.ts';
import type { BenchResult } from '../engine.ts';
import { engineOptions } from '../engine-options.ts';
import { machine, talk } from '../options.ts';
import { readPair } from './verify.ts';

export const bench = defineCommand({
  usage: 'bench <original> <other>',
  summary: 'compares the latency of two models in paired runs',
  examples: [['$0 bench model.onnx small.onnx --threads 1', 'runs A B A B … and gives the ratio with its interval']],
  given: z.strictObject({
    original: z.string().describe('model to compare with; - for standard input'),
    other: z.string().describe('model to time against it'),
  }),
  options: ['inputShape', 'seed', ...machine, ...talk],
  run: async ({ original, other }, context) => {
    const [a, b] = await readPair(original, other, context);
    const result = await context.engine.bench(a, b, engineOptions(context));
    const { options, output } = context;
    output.print(options.json ? JSON.stringify(result, null, 2) : benchText(result, original, other));
    return 0;
  },
});

function benchText(
  { before, after, ratio, ci95, protocol, machine: where }: BenchResult,
  a: string,
  b: string,
): string {
  const rows = [
    [a, before.p50.toPrecision(4), before.p90.toPrecision(4)],
    [b, after.p50.toPrecision(4), after.p90.toPrecision(4)],
  ];
  const [low, high] = ci95.map((bound) => bound.toPrecision(3));
  return [
    ...textTable([{ title: 'model' }, { title: 'p50 ms', align: 'right' }, { title: 'p90 ms', align: 'right' }], rows),
    '',
    ` ratio ${ratio.toPrecision(3)}× (95 % interval ${low} to ${high})`,
    ` ${protocol}; ${where}`,
  ].join('\n');
}
