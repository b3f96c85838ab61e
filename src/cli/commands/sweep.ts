import { extname, resolve } from 'node:path';
import { z } from 'zod';
import { diagnostics } from '../../diagnostics.ts';
import { frontierCsv, frontierSvg, frontierTable } from '../../report/index.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import type { Frontier } from '../engine.ts';
import { engineOptions } from '../engine-options.ts';
import { isSameFile, readInput, refuseExisting, writeText } from '../files.ts';
import { evaluation, machine, selection, talk } from '../options.ts';

export const sweep = defineCommand({
  usage: 'sweep <input>',
  summary: 'makes models of falling cost and shows what each keeps, in one run',
  examples: [
    ['$0 sweep model.onnx --calibrate images/ --evaluate labelled/', 'accuracy against MACs, as a table'],
    ['$0 sweep model.onnx --calibrate images/ -o frontier.svg -o frontier.csv', 'as a plot and for a spreadsheet'],
    ['$0 sweep model.onnx --calibrate images/ --over latency --points 0.8x,0.6x,0.4x', 'against time on this machine'],
    ['$0 sweep model.onnx --calibrate images/ --cache store/ --shard 2/4', 'a quarter of the points, for a cluster'],
  ],
  given: z.strictObject({
    input: z.string().describe('model to read; - for standard input'),
    over: z
      .enum(['macs', 'params', 'size', 'latency'])
      .default('macs')
      .describe('the cost that falls from point to point'),
    points: z
      .string()
      .exactOptional()
      .describe('what models are to cost, such as 0.9x,0.7x,0.5x or 2M,1M; ten shares from 0.9x to 0.15x without it'),
    shard: z
      .string()
      .exactOptional()
      .describe('makes the i-th of n shares of the points: i/n; a run on the same --cache puts all together'),
    output: z.array(z.string()).default([]).describe('file to write: .svg, .csv or .json; as many as you like'),
  }),
  letters: { output: 'o' },
  options: [...selection.filter((name) => name !== 'preset'), ...evaluation, ...machine, 'bench', 'force', ...talk],
  run: async ({ input, over, points, shard, output: paths }, context) => {
    for (const path of paths) await checkPath(path, input, context);
    if (new Set(paths.map((path) => resolve(path))).size < paths.length)
      throw diagnostics.usage('-o: two results want one file');
    const { engine, options, output } = context;
    const { preset: _preset, ...given } = engineOptions(context);
    const frontier = await engine.sweep(await readInput(input, context), {
      ...given,
      over,
      ...(points !== undefined && { points: points.split(',') }),
      ...(shard !== undefined && { shard }),
    });
    for (const path of paths) await writeText(path, await rendered(path, frontier), context);
    if (options.json) output.print(json(frontier).trimEnd());
    else if (!options.quiet) output.print(frontierTable(frontier, output.width.stdout));
    return 0;
  },
});

const renderings: Readonly<Record<string, (frontier: Frontier) => string | Promise<string>>> = {
  '.svg': frontierSvg,
  '.csv': frontierCsv,
  '.json': json,
};

async function rendered(path: string, frontier: Frontier): Promise<string> {
  return (renderings[extname(path)] as (typeof renderings)[string])(frontier);
}

function json(frontier: Frontier): string {
  return `${JSON.stringify(frontier, null, 2)}\n`;
}

/** @throws usage, output-exists (2): before any work */
async function checkPath(path: string, input: string, { options }: CommandContext): Promise<void> {
  if (!Object.hasOwn(renderings, extname(path)))
    throw diagnostics.usage(`-o ${path}: a frontier is .svg, .csv or .json`);
  if (await isSameFile(path, input))
    throw diagnostics.usage(`-o ${path}: the frontier would replace the model`, 'Use another path.');
  await refuseExisting(path, options.force);
}
