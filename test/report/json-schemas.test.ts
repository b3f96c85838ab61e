import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { jsonSchemaText, schemaSources } from '../../schemas/generate-json-schemas.mjs';
import { toJson } from '../../src/report/index.ts';
import { exampleReport } from './example-report.ts';

const text = (file: string) => readFileSync(`schemas/${file}`, 'utf8');

describe('the JSON Schemas in schemas/', () => {
  test.each(Object.entries(schemaSources))(
    '%s is what its source makes: `npm run build` writes it',
    async (file, source) => {
      const module = await import(`../../src/${source.room}/${source.file}.ts`);
      expect(text(file)).toBe(jsonSchemaText(source.title, module[source.name]));
    },
  );

  test('are all generated', () => {
    const present = readdirSync('schemas').filter((file) => file.endsWith('.schema.json'));
    expect(present.sort()).toEqual(Object.keys(schemaSources).sort());
  });

  test('accept the report that is printed, and nothing with a key more or less', () => {
    const accepts = new Ajv2020({ strict: false }).compile(JSON.parse(text('report.schema.json')));
    const report = JSON.parse(toJson(exampleReport));
    expect(accepts(report) || accepts.errors).toBe(true);
    expect(accepts({ ...report, extra: 1 })).toBe(false);
    expect(accepts({ ...report, nodes: undefined, version: 1 })).toBe(false);
    expect(accepts({ ...report, version: 2 })).toBe(false);
  });
});
