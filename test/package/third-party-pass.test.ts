import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Report } from '../../src/report/index.ts';
import { copyPackage, digits, linkPackage, makeWorkspace, root, type Workspace } from './workspace.ts';

const source = join(root, 'examples/third-party-pass');
const name = 'onnx-tucker-pass-network-decoupling';
let workspace: Workspace;
let installed: string;

beforeAll(() => {
  workspace = makeWorkspace();
  linkPackage(workspace.folder, 'zod', join(root, 'node_modules/zod'));
  installed = copyPackage(workspace.folder, name, source);
});

afterAll(() => workspace.remove());

function compress(plugin: string, pipeline: string, ...more: string[]): Report {
  const report = workspace.path('report.json');
  const files = [join(digits, 'digits.onnx'), workspace.path('small.onnx'), '--force', '--report', report];
  const options = ['--no-bench', '--plugin', plugin, '--pipeline', pipeline, ...more];
  const { status, output } = workspace.command([...files, ...options]);
  if (status !== 0) throw new Error(output);
  return JSON.parse(readFileSync(report, 'utf8'));
}

function methodsOf(report: Report): Record<string, string | null> {
  return Object.fromEntries(report.nodes.map(({ name: node, method }) => [node, method]));
}

test('a package of passes is loaded by name, and its passes work together', () => {
  const report = compress(name, 'fuse-batch-norm,half-ranks{share=0.4},network-decoupling');
  expect(methodsOf(report)).toMatchObject({ conv2: 'network-decoupling', conv3: 'network-decoupling', dense1: null });
  expect(report.nodes.find((node) => node.name === 'conv3')).toMatchObject({
    ranks: { M: 3 },
    rankSource: 'half-ranks',
  });
  expect(report.verification.exact?.ok).toBe(true);
  expect(report.output.params).toBeLessThan(report.input.params);
});

test('a file of passes is loaded by path, and its ranks serve built-in methods', () => {
  const report = compress('./node_modules/onnx-tucker-pass-network-decoupling/index.js', 'half-ranks,tucker-2');
  expect(report.nodes.find((node) => node.name === 'conv3')).toMatchObject({
    method: 'tucker-2',
    ranks: { R3: 32, R4: 32 },
  });
});

test('network-decoupling is exact at full rank', () => {
  const report = compress(name, 'half-ranks{share=1},network-decoupling', '--require-gain', 'none');
  const rewritten = report.nodes.filter(({ method }) => method !== null);
  expect(rewritten.length).toBeGreaterThanOrEqual(4);
  // Σ over at most 9 terms in float64, rounded once to float32: half an ulp per weight and factor.
  for (const { weightError, exactError } of rewritten) {
    expect(weightError ?? 0).toBeLessThan(1e-6);
    expect(exactError ?? 1).toBeLessThan(1e-5);
  }
});

test('wrong options of a foreign pass are a usage error that names the option', () => {
  const options = [
    join(digits, 'digits.onnx'),
    '--plugin',
    name,
    '--pipeline',
    'half-ranks{shared=0.4},network-decoupling',
  ];
  const { status, output } = workspace.command(options);
  expect(status).toBe(2);
  expect(output).toMatch(/half-ranks.*shared.*share/s);
});

test('the passes type-check against the declarations that the package ships', () => {
  const { status, output } = workspace.node([join(root, 'node_modules/typescript/bin/tsc'), '-p', installed]);
  expect(output).toBe('');
  expect(status).toBe(0);
});

test('the guide shows the code that runs here', () => {
  const guide = readFileSync(join(root, 'docs/write-your-own-pass.md'), 'utf8');
  const code = ['index.js', 'half-ranks.js', 'network-decoupling.js']
    .map((file) => readFileSync(join(source, file), 'utf8'))
    .join('\n');
  const blocks = [...guide.matchAll(/```js\n(.*?)```/gs)].map(([, block = '']) => block);
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  for (const block of blocks) expect(code).toContain(block);
});
