import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { builtinPasses } from '../../passes/index.ts';
import { commandsOf, outputsOf, words } from './readme-commands.ts';
import { digits, makeWorkspace, root, type Workspace } from './workspace.ts';

const documents = builtinPasses.map((pass) => {
  const text = readFileSync(join(root, 'passes', pass.name, 'README.md'), 'utf8');
  return { pass, text };
});

describe.each(documents.map(({ pass, text }) => [pass.name, pass, text] as const))(
  'README of %s',
  (name, pass, text) => {
    test('has the sections of every pass, in order', () => {
      const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title);
      const expected = [name, 'The subgraph', 'Legality', 'Options', 'Cost', 'Try it', 'Measured', 'References'];
      const required = [name, 'Legality', 'Cost', 'Try it'];
      expect(titles).toEqual(expected.filter((title) => titles.includes(title)));
      expect(titles).toEqual(expect.arrayContaining(required));
    });

    test('names the source that the pass names', () => {
      expect(text).toContain(pass.reference ?? '');
    });

    test('lists the options with their defaults', () => {
      expect(documentedOptions(text)).toEqual(declaredOptions(pass.options));
    });
  },
);

describe('commands of the pass READMEs', () => {
  let workspace: Workspace;

  beforeAll(() => {
    workspace = makeWorkspace();
    copyFileSync(join(digits, 'digits.onnx'), workspace.path('model.onnx'));
  });

  afterAll(() => workspace.remove());

  const commands = documents.flatMap(({ pass, text }) => commandsOf(text).map((line) => [pass.name, line] as const));

  test('are one for each pass', () => {
    expect(commands.map(([name]) => name)).toEqual(builtinPasses.map(({ name }) => name));
  });

  test.each(commands)('%s: %s', (name, line) => {
    expect(line).toContain(name);
    const { status, output } = workspace.command(words(line).slice(2));
    expect({ status, output }).toMatchObject({ status: 0 });
    for (const file of outputsOf(line)) expect(existsSync(workspace.path(file))).toBe(true);
  });
});

/** Option → default as text, from the table under "Options"; '' for none. */
function documentedOptions(text: string): Record<string, string> {
  const section = text.split('\n## Options\n')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` \| (?:`([^`]*)`)? ?\|/gm)];
  return Object.fromEntries(rows.map(([, option = '', standard = '']) => [option, standard]));
}

/** The same from the pass's schema. */
function declaredOptions(schema: z.ZodType): Record<string, string> {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.fromEntries(Object.entries(properties).map(([option, property]) => [option, defaultOf(property)]));
}

function defaultOf(property: z.core.JSONSchema._JSONSchema): string {
  return typeof property === 'object' && property.default !== undefined ? String(property.default) : '';
}
