/**
 * Writes the JSON Schemas of the files that people write or read beside a model, from the schemas that check them. Run
 * by `npm run build`; a test holds them current.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** File name → the module and export of its schema, below a folder of compiled or source modules. */
export const schemaSources = {
  'config.schema.json': { room: 'cli', file: 'config', name: 'configSchema', title: 'onnx-tucker.config.json' },
  'frontier.schema.json': {
    room: 'pipeline',
    file: 'frontier',
    name: 'frontierSchema',
    title: 'The models of a sweep',
  },
  'plan.schema.json': {
    room: 'rewrite',
    file: 'plan',
    name: 'planSchema',
    title: 'What is to happen to each node of a model',
  },
  'preprocess.schema.json': {
    room: 'data',
    file: 'preprocess',
    name: 'preprocessSchema',
    title: 'From images to what a model takes',
  },
  'report.schema.json': { room: 'report', file: 'report', name: 'reportSchema', title: 'What a run did to a model' },
};

/**
 * @param {string} title
 * @param {z.ZodType} schema
 * @returns {string} the file's text
 */
export function jsonSchemaText(title, schema) {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const here = path.dirname(fileURLToPath(import.meta.url));
  for (const [output, { room, file, name, title }] of Object.entries(schemaSources)) {
    const compiled = await import(`../dist/src/${room}/${file}.js`);
    await writeFile(path.join(here, output), jsonSchemaText(title, compiled[name]));
  }
}
