import { z } from 'zod';
import { optionsSchema } from './options.ts';

/** Options that only make sense for one call: a file that always said `force` would take the question away. */
const perCall = { force: true, inPlace: true, report: true, json: true, quiet: true, verbose: true } as const;

/** onnx-tucker.config.json, or the default export of onnx-tucker.config.mjs. Paths are relative to that file. */
export const configSchema = z.strictObject({
  $schema: z.string().exactOptional().describe('URL or path of the JSON Schema, for editors'),
  ...optionsSchema.omit(perCall).shape,
});

export type Config = z.input<typeof configSchema>;

/** Gives onnx-tucker.config.mjs types and completion; returns what it is given. */
export function defineConfig(config: Config): Config {
  return config;
}
