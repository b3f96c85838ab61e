import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { configSchema } from '../../src/cli/config.ts';
import { readEnvironment, suspectVariables } from '../../src/cli/environment.ts';
import { flagsOf } from '../../src/cli/flags.ts';
import { environmentName } from '../../src/cli/option-layers.ts';
import { optionsSchema } from '../../src/cli/options.ts';
import { type CallSettings, call, fakeEngine } from './fake-engine.ts';
import { temporaryFolder } from './temporary-folder.ts';

const path = temporaryFolder();
let projects = 0;

/** A project root with a configuration file; returns the folder. */
async function project(config: unknown, name = 'onnx-tucker.config.json'): Promise<string> {
  projects += 1;
  const folder = path(`project-${projects}`);
  await mkdir(`${folder}/deep/inside`, { recursive: true });
  await writeFile(`${folder}/package.json`, '{}');
  await writeFile(`${folder}/${name}`, typeof config === 'string' ? config : JSON.stringify(config));
  return folder;
}

async function optionsOf(argv: readonly string[], settings: CallSettings) {
  const engine = fakeEngine();
  const { stderr } = await call(['model.onnx', ...argv], engine, settings);
  const [asked] = engine.calls;
  if (!asked) throw new Error(stderr);
  return asked.options;
}

describe('precedence', () => {
  test('flags go before the environment, that before the configuration, that before the defaults', async () => {
    const cwd = await project({ seed: 1, samples: 1, threads: 1, requireGain: 'macs' });
    const environment = { ONNX_TUCKER_SEED: '2', ONNX_TUCKER_SAMPLES: '2' };
    const options = await optionsOf(['--seed', '3'], { cwd, environment });
    expect(options).toMatchObject({ seed: 3, samples: 2, threads: 1, requireGain: 'macs', externalData: 'auto' });
  });

  test('a list given anew replaces the list of a weaker source', async () => {
    const cwd = await project({ exclude: ['conv1', 'fc'] });
    expect((await optionsOf([], { cwd })).exclude).toEqual(['conv1', 'fc']);
    expect((await optionsOf(['--exclude', 'head*'], { cwd })).exclude).toEqual(['head*']);
  });

  test('a pipeline on the command line sets aside the passes of the configuration', async () => {
    const cwd = await project({ pass: ['svd'], skipPass: ['tucker-2'] });
    const options = await optionsOf(['--pipeline', 'none'], { cwd });
    expect(options.pipeline).toBe('none');
    expect(options.passes).toBeUndefined();
  });

  test('a pass on the command line contradicts a pipeline of the configuration', async () => {
    const cwd = await project({ pipeline: 'svd' });
    const { code, stderr } = await call(['model.onnx', '--pass', 'tucker-2'], fakeEngine(), { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(`--pass does not go with "pipeline" in ${cwd}/onnx-tucker.config.json`);
  });
});

describe('the configuration file', () => {
  test('is found from any folder of the project, and its paths are meant from where it lies', async () => {
    const root = await project({
      evaluate: 'data/test.npz',
      preprocess: 'imagenet',
      plugin: ['./mine.js', 'a-package'],
    });
    const options = await optionsOf([], { cwd: `${root}/deep/inside` });
    expect(options).toMatchObject({
      evaluate: `${root}/data/test.npz`,
      preprocess: 'imagenet',
      plugins: [`${root}/mine.js`, 'a-package'],
    });
  });

  test('may be a module', async () => {
    const cwd = await project('export default { seed: 3 + 4 };', 'onnx-tucker.config.mjs');
    expect((await optionsOf([], { cwd })).seed).toBe(7);
  });

  test('is not looked for above the root of the project', async () => {
    const outer = await project({ seed: 5 });
    await writeFile(`${outer}/deep/package.json`, '{}');
    expect((await optionsOf([], { cwd: `${outer}/deep/inside` })).seed).toBe(0);
    await mkdir(`${outer}/other/.git`, { recursive: true });
    expect((await optionsOf([], { cwd: `${outer}/other` })).seed).toBe(0);
  });

  test('is looked for in no other folder where there is no project', async () => {
    await writeFile(path('onnx-tucker.config.json'), '{"seed": 6}');
    await mkdir(path('no-project'), { recursive: true });
    expect((await optionsOf([], { cwd: path('no-project') })).seed).toBe(0);
  });

  test('stays unread with --no-config, and another is read with --config', async () => {
    const cwd = await project({ seed: 1 });
    const other = await project({ seed: 2 });
    expect((await optionsOf(['--no-config'], { cwd })).seed).toBe(0);
    expect((await optionsOf(['--config', `${other}/onnx-tucker.config.json`], { cwd })).seed).toBe(2);
  });

  test('may hold options that a command does not take', async () => {
    const cwd = await project({ evaluate: 'x.npz', seed: 4 });
    const engine = fakeEngine();
    expect((await call(['inspect', 'model.onnx'], engine, { cwd })).code).toBe(0);
    expect(engine.calls[0]?.options).not.toHaveProperty('evaluate');
  });

  test.each<[unknown, string]>([
    [{ sed: 1 }, '"sed" in FILE: there is no such option\n  hint: Did you mean "seed"?'],
    [{ force: true }, '"force" in FILE: there is no such option'],
    [{ seed: 'one' }, '"seed" in FILE: invalid input: expected number'],
    [{ ranks: { conv1: [0] } }, '"ranks" in FILE (conv1.0): '],
    [[1, 2], 'expected an object of options'],
    ['{"seed": ', 'the configuration cannot be read: '],
  ])('%j is refused', async (config, message) => {
    const cwd = await project(config);
    const engine = fakeEngine();
    const { code, stderr } = await call(['model.onnx'], engine, { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain(message.replace('FILE', `${cwd}/onnx-tucker.config.json`));
    expect(engine.calls).toEqual([]);
  });
});

describe('the environment', () => {
  test('gives every option', () => {
    for (const { name, kind, choices } of flagsOf(optionsSchema)) {
      const text = { number: '3', switch: 'true', list: 'a', entries: 'a:b=1,2', text: '5' }[kind];
      const value = { [environmentName(name)]: name === 'inputShape' ? 'a=b:1,2' : (choices?.[0] ?? text) };
      expect(Object.keys(readEnvironment(value).options)).toEqual([name]);
    }
  });

  test('takes a list as one value or as a JSON array', () => {
    expect(readEnvironment({ ONNX_TUCKER_EXCLUDE: 'a,b' }).options.exclude).toEqual(['a,b']);
    expect(readEnvironment({ ONNX_TUCKER_EXCLUDE: '["a", "b"]' }).options.exclude).toEqual(['a', 'b']);
    expect(readEnvironment({ ONNX_TUCKER_EXCLUDE: '[ab]*' }).options.exclude).toEqual(['[ab]*']);
  });

  test('names the variable in its errors', async () => {
    const environment = { ONNX_TUCKER_BENCH: 'maybe' };
    const { code, stderr } = await call(['model.onnx'], fakeEngine(), { environment });
    expect([code, stderr]).toEqual([
      2,
      'error[invalid-option]: ONNX_TUCKER_BENCH: expected true or false, not "maybe"\n',
    ]);
  });

  test('warns of a variable that is nearly an option, and of no other', () => {
    expect(suspectVariables({ ONNX_TUCKER_TREADS: '1', ONNX_TUCKER_CORPUS: 'x', ONNX_TUCKER_SEED: '1' })).toEqual([
      'ONNX_TUCKER_TREADS is not read. Did you mean "THREADS"?',
    ]);
  });
});

describe('the schema of options', () => {
  test('describes every option, in words for --help and for editors', () => {
    for (const { name, description } of flagsOf(optionsSchema))
      expect([name, description.length > 10]).toEqual([name, true]);
  });

  test('becomes a JSON Schema for the configuration that requires nothing and allows nothing unknown', () => {
    const json = z.toJSONSchema(configSchema, { io: 'input' });
    expect(json.required).toBeUndefined();
    expect(json.additionalProperties).toBe(false);
    expect(json.properties).toHaveProperty('seed.default', 0);
  });
});
