import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from '@jest/globals';
import { plan as makePlan } from '../../src/pipeline/index.ts';
import { modelOf, op, port, weight } from '../hard-models/build.ts';
import { type BadCase, expectRefusal } from './expect-refusal.ts';
import { bytesOf, goodModel, quick } from './folder.ts';

type Row = [name: string, error: string, says: readonly (string | RegExp)[], flags: readonly string[]];

/** What follows `model.onnx out.onnx` on the command line. */
const flags: readonly Row[] = [
  ['an unknown option', 'usage', ['--evalute', 'Did you mean "--evaluate"'], ['--evalute', 'x']],
  ['an option that resembles none', 'usage', ['--zzzzzz', '--help'], ['--zzzzzz']],
  ['one argument too many', 'usage', ['"three.onnx"', 'Usage'], ['three.onnx']],
  ['an unknown pass', 'unknown-pass', ['"tucker2"', 'tucker-2'], ['--pipeline', 'vbmf-ranks,tucker2']],
  ['a pass to skip that is not there', 'usage', ['cp-split'], ['--skip-pass', 'cp-split']],
  [
    'an unknown option of a pass',
    'invalid-option',
    ['sweps', 'sweeps'],
    ['--pipeline', 'vbmf-ranks,tucker-2{sweps=3}'],
  ],
  ['a pass option of the wrong type', 'invalid-option', ['sweeps'], ['--pipeline', 'vbmf-ranks,tucker-2{sweeps=many}']],
  ['a ratio of 0', 'invalid-option', ['params'], ['--pipeline', 'ratio-ranks{params=0},tucker-2']],
  ['a ratio above 1', 'invalid-option', ['params'], ['--pipeline', 'ratio-ranks{params=2},tucker-2']],
  ['a pipeline that does not parse', 'invalid-pipeline', ['column 12', '^'], ['--pipeline', 'vbmf-ranks,,tucker-2']],
  ['a brace that does not close', 'invalid-pipeline', ['column'], ['--pipeline', 'ratio-ranks{params=0.5']],
  ['a factorize pass without ranks', 'usage', ['tucker-2', /rank/], ['--pipeline', 'tucker-2']],
  ['an empty pipeline text', 'invalid-pipeline', [/none|pass/], ['--pipeline', '']],
  ['a pipeline and a pass', 'usage', ['--pass', '--pipeline'], ['--pipeline', 'none', '--pass', 'tucker-2']],
  ['an unknown preset', 'invalid-option', ['--preset', 'safe'], ['--preset', 'bold']],
  ['ranks without a node', 'invalid-option', ['--ranks'], ['--ranks', '3,4']],
  ['ranks that are no numbers', 'invalid-option', ['--ranks'], ['--ranks', 'conv=a,b']],
  ['a rank of 0', 'invalid-option', ['--ranks'], ['--ranks', 'conv=0,4']],
  ['a negative rank', 'invalid-option', ['--ranks'], ['--ranks', 'conv=-3,4']],
  ['ranks of a node that is not there', 'usage', ['"conf"', 'conv'], ['--ranks', 'conf=3,4']],
  ['more ranks than the method has', 'usage', ['conv', /R3|ranks/], ['--ranks', 'conv=1,2,3,4,5,6,7', ...quick]],
  ['a glob that matches nothing', 'usage', ['layer9*', 'inspect'], ['--include', 'layer9*']],
  ['an input shape without an input', 'invalid-option', ['--input-shape'], ['--input-shape', '1,8,9,9']],
  ['an input shape that is no numbers', 'invalid-option', ['--input-shape'], ['--input-shape', 'x:a,b']],
  ['the shape of an input that is not there', 'usage', ['"image"', /x/], ['--input-shape', 'image:1,8,9,9']],
  ['an input shape of another rank', 'usage', ['x', /4/], ['--input-shape', 'x:8,9']],
  ['no threads', 'invalid-option', ['--threads'], ['--threads', '0']],
  ['a device that is not known', 'invalid-option', ['--device', 'cpu', 'cuda', 'webgpu'], ['--device', 'tpu']],
  ['a seed that is no number', 'invalid-option', ['--seed'], ['--seed', 'lucky']],
  ['a timeout without a unit that is known', 'invalid-option', ['--timeout'], ['--timeout', '5 parsecs']],
  ['a memory size that is none', 'invalid-option', ['--memory'], ['--memory', 'lots']],
  ['a check that is not known', 'invalid-option', ['--check', 'contraction'], ['--check', 'none']],
  ['a report of an unknown kind', 'usage', ['report.txt', '.json', '.html'], ['--report', 'report.txt']],
  ['--in-place beside an output', 'usage', ['--in-place'], ['--in-place']],
  ['a configuration that is missing', 'config-unreadable', ['nowhere.json'], ['--config', 'nowhere.json']],
  ['a plugin that is missing', 'plugin', ['./nowhere.mjs'], ['--plugin', './nowhere.mjs']],
  ['data that are missing', 'unreadable-data', ['nowhere.npz'], ['--evaluate', 'nowhere.npz', ...quick]],
];

const exitOf: Readonly<Record<string, number>> = { 'unreadable-data': 7 };

describe('what is asked is refused', () => {
  test.each(flags)('%s', (name, error, says, given) =>
    expectRefusal({
      ...{ name, error, says, code: exitOf[error] ?? 2 },
      argv: async (folder) => {
        await writeFile(join(folder, 'model.onnx'), bytesOf(goodModel()));
        return [join(folder, 'model.onnx'), join(folder, 'out.onnx'), ...given];
      },
    }),
  );

  test.each([
    ['a command that is nearly one', ['inspct'], ['"inspct"', 'Did you mean "inspect"']],
    ['no model', [], [/input|argument/]],
    ['an option of another command', ['inspect', 'model.onnx', '--force'], ['--force for this command']],
    ['a node to explain that is not there', ['explain', 'model.onnx', 'konv'], ['"konv"', 'conv']],
  ] as const)('%s', (name, line, says) =>
    expectRefusal({
      ...{ name, error: 'usage', code: 2, says },
      argv: async (folder) => {
        await writeFile(join(folder, 'model.onnx'), bytesOf(goodModel()));
        return line.map((word) => (word === 'model.onnx' ? join(folder, word) : word));
      },
    }),
  );
});

type Edit = (plan: Record<string, unknown> & { nodes: Record<string, unknown>[] }) => unknown;

const plans: readonly [name: string, error: string, says: readonly (string | RegExp)[], edit: Edit][] = [
  ['that is no JSON', 'invalid-plan', ['plan.json', /JSON/], () => '{ "version": 1'],
  ['that is a list', 'invalid-plan', ['plan.json'], () => []],
  [
    'of an unknown version',
    'invalid-plan',
    ['plan.json', 'version 2', 'version 1'],
    (plan) => ({ ...plan, version: 2 }),
  ],
  ['without a version', 'invalid-plan', ['plan.json', 'version'], ({ version: _version, ...plan }) => plan],
  ['without nodes', 'invalid-plan', ['plan.json', 'nodes'], ({ nodes: _nodes, ...plan }) => plan],
  [
    'of another model',
    'plan-mismatch',
    ['another model', 'onnx-tucker plan'],
    (plan) => ({ ...plan, model: { sha256: '0'.repeat(64), bytes: 1 } }),
  ],
  [
    'with a negative rank',
    'invalid-plan',
    ['plan.json', /nodes\.0\.ranks/],
    ({ nodes: [node], ...plan }) => ({ ...plan, nodes: [{ ...node, ranks: { R3: -1, R4: 2 } }] }),
  ],
  [
    'with a rank that is no whole number',
    'invalid-plan',
    ['plan.json', /nodes\.0\.ranks/],
    ({ nodes: [node], ...plan }) => ({ ...plan, nodes: [{ ...node, ranks: { R3: 1.5, R4: 2 } }] }),
  ],
  [
    'with a method that its pipeline does not list',
    'usage',
    ['conv', '"svd"'],
    ({ nodes: [node], ...plan }) => ({ ...plan, nodes: [{ ...node, method: 'svd' }] }),
  ],
  ['with a pass that does not exist', 'unknown-pass', ['"magic"'], (plan) => ({ ...plan, pipeline: 'magic' })],
  [
    'with a node that the model does not have',
    'usage',
    ['"nobody"'],
    ({ nodes: [node], ...plan }) => ({ ...plan, nodes: [{ ...node, name: 'nobody' }] }),
  ],
  [
    'with a node twice',
    'usage',
    ['"conv"', /twice/],
    ({ nodes: [node], ...plan }) => ({ ...plan, nodes: [node, node] }),
  ],
];

describe('a plan is refused', () => {
  test.each(plans)('%s', (name, error, says, edit) =>
    expectRefusal({
      ...{ name, error, says, code: 2 },
      argv: async (folder) => {
        const [model, plan, out] = ['model.onnx', 'plan.json', 'out.onnx'].map((file) => join(folder, file)) as [
          string,
          string,
          string,
        ];
        await writeFile(model, bytesOf(goodModel()));
        await writeFile(out, 'a good model');
        const made = await makePlan(model, { pipeline: quick[1] as string });
        const edited = edit(JSON.parse(JSON.stringify(made)));
        await writeFile(plan, typeof edited === 'string' ? edited : JSON.stringify(edited));
        return ['apply', model, out, '--plan', plan, '--force', '--no-bench'];
      },
    }),
  );

  test('that is missing', () =>
    expectRefusal({
      ...{ name: 'missing', error: 'cannot-read', code: 7, says: ['plan.json'] },
      argv: async (folder) => {
        await writeFile(join(folder, 'model.onnx'), bytesOf(goodModel()));
        return ['apply', join(folder, 'model.onnx'), join(folder, 'out.onnx'), '--plan', join(folder, 'plan.json')];
      },
    }));
});

const configs: readonly [name: string, error: string, says: readonly (string | RegExp)[], text: string][] = [
  ['that is no JSON', 'config-unreadable', [/JSON/], '{ "seed": 1,'],
  ['that is a number', 'config-unreadable', ['onnx-tucker.config.json', /object/], '3'],
  ['with an unknown key', 'invalid-option', ['"sed"', 'Did you mean "seed"'], '{ "sed": 3 }'],
  ['with a value of the wrong type', 'invalid-option', ['seed'], '{ "seed": "three" }'],
];

describe('a configuration is refused', () => {
  test.each(configs)('%s', (name, error, says, text) =>
    expectRefusal({
      ...{ name, error, says, code: 2 },
      argv: async (folder) => {
        await writeFile(join(folder, 'package.json'), '{}');
        await writeFile(join(folder, 'onnx-tucker.config.json'), text);
        await writeFile(join(folder, 'model.onnx'), bytesOf(goodModel()));
        return [join(folder, 'model.onnx'), join(folder, 'out.onnx')];
      },
    }),
  );
});

/** An .npy of zeros. */
function npy(type: string, shape: readonly number[], bytes: number): Uint8Array {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117);
  return Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY'),
    Buffer.from([1, 0, 118, 0]),
    Buffer.from(`${header}\n`),
    new Uint8Array(bytes),
  ]);
}

const data: BadCase[] = [
  ...(
    [
      ['that are no array', 7, 'unreadable-data', /.*/, Buffer.from('labels')],
      ['that are cut off', 7, 'unreadable-data', /.*/, npy('<f4', [4, 8, 9, 9], 100)],
      [
        'of another shape than the input',
        2,
        'input-shape-mismatch',
        /shape|channels|8/,
        npy('<f4', [4, 3, 5, 5], 1200),
      ],
      ['without samples', 2, 'no-data-found', /sample|empty|no /, npy('<f4', [0, 8, 9, 9], 0)],
    ] as const
  ).map(
    ([name, code, error, says, bytes]): BadCase => ({
      ...{ name, code, error, says: ['data.npy', says] },
      argv: async (folder) => {
        const model = modelOf({
          node: [op('Conv', 'x w', 'y')],
          initializer: [weight('w', [8, 8, 3, 3])],
          input: [port('x', ['N', 8, 9, 9])],
          output: [port('y')],
        });
        await writeFile(join(folder, 'model.onnx'), bytesOf(model));
        await writeFile(join(folder, 'data.npy'), bytes);
        return [join(folder, 'model.onnx'), join(folder, 'out.onnx'), '--evaluate', join(folder, 'data.npy'), ...quick];
      },
    }),
  ),
];

data.push({
  ...{ name: 'with a preprocess file that is missing', code: 7, error: 'unreadable-data', says: ['nowhere.json'] },
  argv: async (folder) => {
    const [model, images] = [join(folder, 'model.onnx'), join(folder, 'data.npy')];
    await writeFile(model, bytesOf(goodModel()));
    await writeFile(images, npy('<f4', [1, 8, 9, 9], 2592));
    const evaluation = ['--evaluate', images, '--preprocess', join(folder, 'nowhere.json')];
    return [model, join(folder, 'out.onnx'), ...evaluation, ...quick];
  },
});

describe('data are refused', () => {
  test.each(data.map((row) => [row.name, row] as const))('%s', (_name, row) => expectRefusal(row));
});
