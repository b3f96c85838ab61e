import { z } from 'zod';
import { errorSize, printable, shortCount } from '../../report/index.ts';
import { defineCommand } from '../command.ts';
import type { Explanation } from '../engine.ts';
import { engineOptions } from '../engine-options.ts';
import { readInput } from '../files.ts';
import { machine, selection, talk } from '../options.ts';

export const explain = defineCommand({
  usage: 'explain <input> <node>',
  summary: 'says how a node is seen, what is decided for it, why, and how to change that',
  examples: [['$0 explain model.onnx layer1.0.conv1', 'pattern, numbers, rule']],
  given: z.strictObject({
    input: z.string().describe('model to read; - for standard input'),
    node: z.string().describe('name of a node, as inspect prints it'),
  }),
  options: [...selection, 'inputShape', 'seed', ...machine, ...talk],
  run: async ({ input, node }, context) => {
    const explanation = await context.engine.explain(await readInput(input, context), node, engineOptions(context));
    const { options, output } = context;
    output.print(options.json ? JSON.stringify(explanation, null, 2) : explanationText(explanation));
    return 0;
  },
});

function explanationText({ node, operator, methods, decision, advice }: Explanation): string {
  const cost = `${shortCount(node.params)} params, ${shortCount(node.macs)} MACs`;
  return [
    ` ${printable(node.name)}  ${node.opType} ${node.shape.join('x')} ${node.dtype}  ${cost}`,
    ` ${operator}`,
    ...methods.flatMap((method) => ['', ...methodLines(method)]),
    '',
    ` ${decision}`,
    ...advice.map((line) => `   ${line}`),
  ].join('\n');
}

function methodLines({ pass, equation, ranks, cost, weightError, decision }: Explanation['methods'][number]): string[] {
  const chosen = Object.entries(ranks ?? {}).map(([axis, rank]) => `${axis}=${rank}`);
  const numbers = [
    ...chosen,
    ...(cost ? [`${shortCount(cost.params)} params`, `${shortCount(cost.macs)} MACs`] : []),
    ...(weightError === null ? [] : [`weight error ${errorSize(weightError)}`]),
  ];
  return [` ${pass}  ${equation}`, ...(numbers.length > 0 ? [`   ${numbers.join('  ')}`] : []), `   ${decision}`];
}
