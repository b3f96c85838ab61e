import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commandsOf, outputsOf, words } from './readme-commands.ts';
import { digits, makeWorkspace, root, type Workspace } from './workspace.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const commands = commandsOf(readme);
const scripts = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, text = '']) => text);

describe('the README', () => {
  let workspace: Workspace;

  beforeAll(() => {
    workspace = makeWorkspace();
    copyFileSync(join(digits, 'digits.onnx'), workspace.path('model.onnx'));
    copyFileSync(join(digits, 'digits-test.npz'), workspace.path('test.npz'));
    copyFileSync(join(digits, 'digits-calibrate.npz'), workspace.path('images.npz'));
    copyFileSync(join(digits, 'preprocess.json'), workspace.path('preprocess.json'));
  });

  afterAll(() => workspace.remove());

  test('has commands and a script to try', () => {
    expect(commands.length).toBeGreaterThanOrEqual(4);
    expect(scripts.length).toBeGreaterThanOrEqual(1);
  });

  test.each(commands)('%s', (line) => {
    const { status, output } = workspace.command(words(line).slice(2));
    expect({ status, output }).toMatchObject({ status: 0 });
    for (const file of outputsOf(line)) expect(existsSync(workspace.path(file))).toBe(true);
  });

  test.each(scripts.map((text, index) => [index + 1, text] as const))('script %i runs', (index, text) => {
    writeFileSync(workspace.path(`script-${index}.mjs`), text);
    const { status, output } = workspace.node([`script-${index}.mjs`]);
    expect({ status, output }).toMatchObject({ status: 0 });
    for (const [, file = ''] of text.matchAll(/writeTo\('(.*?)'\)/g))
      expect(existsSync(workspace.path(file))).toBe(true);
  });

  test('lists every pass, and no pass that does not exist', async () => {
    const { builtinPasses } = await import('../../passes/index.ts');
    const listed = [...readme.matchAll(/\[`([a-z0-9-]+)`\]\(passes\//g)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(builtinPasses.map(({ name }) => name).toSorted());
  });
});
