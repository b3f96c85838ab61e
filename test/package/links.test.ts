import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from './workspace.ts';

const skipped = new Set(['node_modules', 'dist', 'coverage', '.git', '.cache']);
const documents = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md') && !file.split(sep).some((part) => skipped.has(part)))
  .map((file) => join(root, file));

test.each(documents.map((file) => [relative(root, file), file] as const))('links of %s lead somewhere', (_, file) => {
  const text = readFileSync(file, 'utf8').replaceAll(/```.*?```/gs, '');
  const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
  const local = targets.filter((target) => !/^[a-z]+:/.test(target));
  expect(local.filter((target) => !existsSync(join(dirname(file), target)))).toEqual([]);
});
