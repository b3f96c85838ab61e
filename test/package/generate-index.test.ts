import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { root } from './workspace.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-passes-'));
  copyFileSync(join(root, 'passes/generate-index.mjs'), join(folder, 'generate-index.mjs'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function addPass(name: string, source = `export default definePass({\n  name: '${name}',\n});\n`): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'index.ts'), source);
  writeFileSync(join(folder, name, 'README.md'), `# ${name}\n`);
}

function generate() {
  return spawnSync(process.execPath, [join(folder, 'generate-index.mjs')], { encoding: 'utf8' });
}

test('the list of passes is made from the folders, sorted by name', () => {
  for (const name of ['tucker-2', 'cp-split', 'svd']) addPass(name);
  expect(generate().status).toBe(0);
  const text = readFileSync(join(folder, 'index.ts'), 'utf8');
  expect(text).toContain("import tucker2 from './tucker-2/index.ts';");
  expect(text).toMatch(/= \[\n {2}cpSplit,\n {2}svd,\n {2}tucker2,\n\];\n$/);
});

test('generating twice gives the same file', () => {
  addPass('svd');
  generate();
  const first = readFileSync(join(folder, 'index.ts'), 'utf8');
  generate();
  expect(readFileSync(join(folder, 'index.ts'), 'utf8')).toBe(first);
});

test.each([
  ['a pass without a README', 'svd', () => rmSync(join(folder, 'svd/README.md')), /passes\/svd: README\.md missing/],
  ['a pass without code', 'svd', () => rmSync(join(folder, 'svd/index.ts')), /passes\/svd: index\.ts missing/],
  [
    'a pass with another name than its folder',
    'svd',
    () => writeFileSync(join(folder, 'svd/index.ts'), "export default definePass({ name: 'qr' });\n"),
    /not named 'svd'/,
  ],
  [
    'a folder without a default export',
    'svd',
    () => writeFileSync(join(folder, 'svd/index.ts'), "export const svd = definePass({ name: 'svd' });\n"),
    /no "export default definePass\("/,
  ],
  ['a folder that is not kebab-case', 'mySvd', () => undefined, /not named in kebab-case/],
])('%s is refused', (_, name, spoil, message) => {
  addPass(name);
  spoil();
  const { status, stderr } = generate();
  expect(status).toBe(1);
  expect(stderr).toMatch(message);
});
