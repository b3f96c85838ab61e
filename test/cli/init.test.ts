import { mkdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { configSchema, defineConfig } from '../../src/cli/config.ts';
import { call, fakeEngine } from './fake-engine.ts';
import { temporaryFolder } from './temporary-folder.ts';

const path = temporaryFolder();

describe('init', () => {
  test('writes a JSON configuration that is valid and changes nothing', async () => {
    await mkdir(path('json'));
    const { code } = await call(['init', '--format', 'json'], fakeEngine(), { cwd: path('json') });
    expect(code).toBe(0);
    const { $schema, ...options } = configSchema.parse(
      JSON.parse(await readFile(path('json', 'onnx-tucker.config.json'), 'utf8')),
    );
    expect($schema).toBe('./node_modules/onnx-tucker/schemas/config.schema.json');
    expect(options).toEqual(configSchema.parse({}));
  });

  test('writes a module that explains every option; with all comments taken off its options it is still valid', async () => {
    await mkdir(path('mjs'));
    await call(['init'], fakeEngine(), { cwd: path('mjs') });
    const text = await readFile(path('mjs', 'onnx-tucker.config.mjs'), 'utf8');
    const options = text.matchAll(/^ {2}\/\/ (\w+): (.*),$/gm);
    const given = [...options].map(([, name = '', value = '']) => [name, value.replaceAll("'", '"')] as const);
    expect(given.map(([name]) => name)).toEqual(Object.keys(configSchema.shape).slice(1));
    for (const [name, value] of given.filter(([, value]) => value !== '""')) {
      expect(configSchema.safeParse({ [name]: JSON.parse(value) }).success).toBe(true);
    }
  });

  test('does not overwrite without --force', async () => {
    await mkdir(path('twice'));
    const again = (...flags: string[]) => call(['init', ...flags], fakeEngine(), { cwd: path('twice') });
    expect((await again()).code).toBe(0);
    const refused = await again();
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('error[output-exists]')]);
    expect((await again('--force')).code).toBe(0);
  });
});

test('defineConfig returns what it is given', () => {
  const config = { pipeline: 'vbmf-ranks,tucker-2', timeout: '90s' };
  expect(defineConfig(config)).toBe(config);
});
