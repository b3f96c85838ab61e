import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from '@jest/globals';
import type { ModelProto, TensorProto } from '../../src/wire/index.ts';
import { modelOf, op, port, through, weight } from '../hard-models/build.ts';
import { expectRefusal } from './expect-refusal.ts';
import { bytesOf, goodModel, quick } from './folder.ts';

const image = [1, 8, 9, 9];
const kernel = [8, 8, 3, 3];
const w = weight('w', kernel);

type Row = [name: string, error: string, says: readonly (string | RegExp)[], model: () => ModelProto | Uint8Array];

const conv = (attributes: Parameters<typeof op>[3], tensor: TensorProto = w) =>
  through([op('Conv', 'x w', 'y', attributes, { name: 'conv' })], [tensor], image);

/** Invalid models, all of which exit 3. */
const invalid: readonly Row[] = [
  ['an empty file', 'not-a-model', [/empty|no graph/], () => new Uint8Array()],
  ['text', 'not-a-model', ['byte'], () => Buffer.from('<html>404</html>')],
  ['zeros', 'not-a-model', ['byte 0'], () => new Uint8Array(1000)],
  ['a picture', 'not-a-model', ['byte'], () => Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ['a model cut off in its weights', 'not-a-model', ['byte'], () => bytesOf(goodModel()).subarray(0, 1500)],
  ['a model without its last byte', 'not-a-model', ['byte'], () => bytesOf(goodModel()).subarray(0, -1)],
  ['a model without a graph', 'not-a-model', ['no graph'], () => ({ irVersion: 8n, opsetImport: [{ version: 17n }] })],
  [
    'a missing initializer',
    'missing-producer',
    ['"w"', 'node conv', /export it again/],
    () => through([op('Conv', 'x w', 'y', {}, { name: 'conv' })], [], image),
  ],
  [
    'an output that nothing defines',
    'missing-producer',
    ['"z"'],
    () => modelOf({ input: [port('x', [1])], output: [port('z')] }),
  ],
  [
    'two initializers of one name',
    'duplicate-definition',
    ['"w"', /[Rr]ename/],
    () => through([op('Conv', 'x w', 'y')], [w, w], image),
  ],
  [
    'two nodes with one output',
    'duplicate-definition',
    ['"y"'],
    () => through([op('Neg', 'x', 'y'), op('Abs', 'x', 'y')], [], image),
  ],
  [
    'a node that makes an initializer',
    'duplicate-definition',
    ['"w"'],
    () => through([op('Neg', 'x', 'w'), op('Conv', 'x w', 'y')], [w], image),
  ],
  [
    'two inputs of one name',
    'duplicate-definition',
    ['"x"'],
    () => modelOf({ input: [port('x', [1]), port('x', [1])], output: [port('x')] }),
  ],
  [
    'an initializer without a name',
    'value-without-name',
    [/name/],
    () => through([op('Neg', 'x', 'y')], [weight('', [2])], image),
  ],
  [
    'a node that reads itself',
    'cycle',
    ['loop'],
    () => through([op('Add', 'x y', 'y', {}, { name: 'loop' })], [], image),
  ],
  [
    'nodes in a ring',
    'cycle',
    [/one → two|two → one/],
    () =>
      through(
        [op('Add', 'x b', 'a', {}, { name: 'one' }), op('Neg', 'a', 'b', {}, { name: 'two' }), op('Neg', 'b', 'y')],
        [],
        image,
      ),
  ],
  [
    'raw_data too short',
    'tensor-data-size',
    ['tensor w', '2304', '2300'],
    () => conv({}, { ...w, rawData: w.rawData?.subarray(4) ?? new Uint8Array() }),
  ],
  ['raw_data too long', 'tensor-data-size', ['tensor w'], () => conv({}, { ...w, rawData: new Uint8Array(2308) })],
  [
    'no data at all',
    'tensor-data-size',
    ['tensor w'],
    () => conv({}, { name: 'w', dims: kernel.map(BigInt), dataType: 1 }),
  ],
  ['a negative dim', 'invalid-dims', ['tensor w', '-8'], () => conv({}, { ...w, dims: [-8n, 8n, 3n, 3n] })],
  [
    'dims whose product is 2^80',
    'tensor-data-size',
    ['tensor w'],
    () => conv({}, { ...w, dims: [2n ** 40n, 2n ** 40n] }),
  ],
  [
    'no output channels',
    'invalid-operator',
    ['node conv', 'zero channels'],
    () => conv({}, { ...w, dims: [0n, 8n, 3n, 3n], rawData: new Uint8Array() }),
  ],
  [
    'no input channels',
    'invalid-operator',
    ['node conv', 'zero channels'],
    () => conv({}, { ...w, dims: [8n, 0n, 3n, 3n], rawData: new Uint8Array() }),
  ],
  ['stride 0', 'invalid-operator', ['node conv', 'strides [2, 0]'], () => conv({ strides: [2, 0] })],
  ['a negative stride', 'invalid-operator', ['node conv', 'strides'], () => conv({ strides: [-1, 1] })],
  ['dilation 0', 'invalid-operator', ['node conv', 'dilations'], () => conv({ dilations: [0, 1] })],
  ['group 0', 'invalid-operator', ['node conv', 'group 0'], () => conv({ group: 0 })],
  ['a negative group', 'invalid-operator', ['node conv', 'group -2'], () => conv({ group: -2 })],
  ['kernel_shape 0', 'invalid-operator', ['node conv', 'kernel_shape'], () => conv({ kernel_shape: [0, 3] })],
  [
    'a pool with stride 0',
    'invalid-operator',
    ['node pool'],
    () => through([op('MaxPool', 'x', 'y', { kernel_shape: [2, 2], strides: [0, 1] }, { name: 'pool' })], [], image),
  ],
];

describe('an invalid model exits 3, says what and where, and changes nothing', () => {
  test.each(invalid)('%s', (name, error, says, model) =>
    expectRefusal({
      ...{ name, error, code: 3 },
      says: ['model.onnx', ...says],
      argv: async (folder) => {
        const made = model();
        await writeFile(join(folder, 'model.onnx'), made instanceof Uint8Array ? made : bytesOf(made));
        await writeFile(join(folder, 'out.onnx'), 'a good model');
        return [join(folder, 'model.onnx'), join(folder, 'out.onnx'), '--force', ...quick];
      },
    }),
  );

  test.each(['plan', 'inspect', 'explain', 'verify', 'bench', 'apply'])('by %s as well', (command) =>
    expectRefusal({
      ...{ name: command, error: 'missing-producer', code: 3, says: ['model.onnx', '"w"'] },
      argv: async (folder) => {
        const [model, plan] = [join(folder, 'model.onnx'), join(folder, 'plan.json')];
        await writeFile(model, bytesOf(through([op('Conv', 'x w', 'y')], [], image)));
        const entries = {
          version: 1,
          tool: 't',
          model: { sha256: 'a'.repeat(64), bytes: 1 },
          pipeline: 'none',
          seed: 0,
          freezeInputs: false,
          requireGain: 'none',
          evidence: { kind: 'weights' },
          nodes: [],
        };
        await writeFile(plan, JSON.stringify(entries));
        const more: Record<string, string[]> = {
          explain: ['y'],
          verify: [model],
          bench: [model],
          apply: ['--plan', plan],
        };
        return [command, model, ...(more[command] ?? [])];
      },
    }),
  );

  test('in a folder of that name', () =>
    expectRefusal({
      ...{ name: 'folder', error: 'cannot-read', code: 7, says: ['model.onnx', /directory|EISDIR/] },
      argv: async (folder) => {
        await mkdir(join(folder, 'model.onnx'));
        return [join(folder, 'model.onnx'), join(folder, 'out.onnx')];
      },
    }));
});
