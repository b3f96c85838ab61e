import { z } from 'zod';
import { diagnostics } from '../../diagnostics.ts';
import { absent, type Column, shortCount, textTable } from '../../report/index.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import type { Inspection } from '../engine.ts';
import { engineOptions } from '../engine-options.ts';
import { readInput } from '../files.ts';
import { groupTable } from '../group-text.ts';
import { talk } from '../options.ts';

export const inspect = defineCommand({
  usage: 'inspect [input]',
  summary: 'lists the nodes that can be factorized, channels that can only go together, or the passes',
  examples: [
    ['$0 inspect model.onnx', 'nodes, sizes, costs, and why a node cannot be rewritten'],
    ['$0 inspect model.onnx --groups', 'which channels share their filters, and why some cannot go'],
    ['$0 inspect --passes', 'what may stand in a pipeline'],
  ],
  given: z.strictObject({
    input: z.string().exactOptional().describe('model to read; - for standard input'),
    groups: z.boolean().default(false).describe('lists groups of channels in place of nodes'),
    passes: z.boolean().default(false).describe('lists the passes'),
  }),
  options: ['plugin', 'include', 'exclude', 'freezeInputs', 'inputShape', 'externalRoot', ...talk],
  run: async ({ input, groups, passes }, context) => {
    if (passes) await printPasses(context);
    if (input !== undefined) await printModel(input, groups, context);
    else if (!passes) throw diagnostics.usage('inspect what?', 'Name a model, or ask for --passes.');
    return 0;
  },
});

async function printPasses({ engine, options, output }: CommandContext): Promise<void> {
  const passes = await engine.passes(options.plugin);
  if (options.json) return output.print(JSON.stringify(passes, null, 2));
  const columns = [{ title: 'pass' }, { title: 'kind' }, { title: 'what it does' }];
  const rows = passes.map(({ name, kind, summary }) => [name, kind, summary]);
  output.print(textTable(columns, rows).join('\n'));
}

const nodeColumns: readonly Column[] = [
  { title: 'node' },
  { title: 'op' },
  { title: 'shape' },
  { title: 'dtype' },
  { title: 'params', align: 'right' },
  { title: 'MACs', align: 'right' },
  { title: '' },
];

async function printModel(input: string, groups: boolean, context: CommandContext): Promise<void> {
  const { engine, options, output } = context;
  const inspection = await engine.inspect(await readInput(input, context), { ...engineOptions(context), groups });
  output.print(options.json ? JSON.stringify(inspection, null, 2) : inspectionText(inspection));
}

function inspectionText({ model, nodes, groups }: Inspection): string {
  const opsets = Object.entries(model.opsets).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  const head = [
    model.file ?? 'standard input',
    `IR ${model.irVersion}`,
    `opset ${opsets.join(', ')}`,
    `${model.nodes} nodes`,
    `${shortCount(model.params)} params`,
    `${shortCount(model.macs)} MACs`,
  ];
  return [` ${head.join('  ')}`, '', ...(groups ? groupTable(groups) : nodeTable(nodes))].join('\n');
}

function nodeTable(nodes: Inspection['nodes']): readonly string[] {
  return nodes.length > 0 ? textTable(nodeColumns, nodes.map(nodeRow)) : [' no Conv, ConvTranspose, Gemm or MatMul'];
}

function nodeRow({ name, opType, shape, dtype, params, macs, skipped }: Inspection['nodes'][number]): string[] {
  const reason = skipped ? `${skipped.code}: ${skipped.text}` : '';
  return [name, opType, shape.join('x') || absent, dtype, shortCount(params), shortCount(macs), reason];
}
