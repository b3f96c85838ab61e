import { join } from 'node:path';
import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { configSchema } from '../config.ts';
import { refuseExisting, writeText } from '../files.ts';
import { type Flag, flagsOf } from '../flags.ts';

export const init = defineCommand({
  usage: 'init',
  summary: 'writes a configuration file to start from',
  examples: [
    ['$0 init', 'onnx-tucker.config.mjs: every option, explained, at its default'],
    ['$0 init --format json', 'onnx-tucker.config.json: short, with $schema for editors'],
  ],
  given: z.strictObject({ format: z.enum(['mjs', 'json']).default('mjs').describe('kind of file') }),
  options: ['force', 'quiet', 'verbose'],
  run: async ({ format }, context) => {
    const path = join(context.cwd, `onnx-tucker.config.${format}`);
    await refuseExisting(path, context.options.force);
    await writeText(path, format === 'json' ? jsonConfig() : moduleConfig(), context);
    context.output.say(`wrote ${path}`);
    return 0;
  },
});

function jsonConfig(): string {
  const { preset, requireGain, seed } = configSchema.parse({});
  const $schema = './node_modules/onnx-tucker/schemas/config.schema.json';
  return `${JSON.stringify({ $schema, preset, requireGain, seed }, null, 2)}\n`;
}

/** Types come by a comment: an import would fail where the package is not installed in the project. */
function moduleConfig(): string {
  const flags = flagsOf(configSchema).filter(({ name }) => name !== '$schema');
  return [
    '// Flags and ONNX_TUCKER_* variables go before what stands here. Paths are relative to this file.',
    "/** @type {import('onnx-tucker').Config} */",
    'export default {',
    ...flags
      .flatMap((flag) => [`  // ${flag.description}`, `  // ${flag.name}: ${exampleValue(flag)},`, ''])
      .slice(0, -1),
    '};',
    '',
  ].join('\n');
}

/** The default, or the first thing that could stand there. */
function exampleValue({ default: initial, choices, kind }: Flag): string {
  if (initial !== undefined) return JSON.stringify(initial);
  if (choices?.[0] !== undefined) return JSON.stringify(choices[0]);
  return kind === 'number' ? '1' : "''";
}
