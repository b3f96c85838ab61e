import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { library } from '../../src/cli/library.ts';
import { decodeModelProto, encodeModelProto, type GraphProto, type TensorProto } from '../../src/wire/index.ts';
import { call } from './fake-engine.ts';
import { temporaryFolder } from './temporary-folder.ts';

const path = temporaryFolder();
const digits = new URL('../../examples/digits/digits.onnx', import.meta.url);

/** The digits model, as bytes, after `change`. */
async function changed(change: (graph: GraphProto, first: TensorProto) => void, opset?: bigint): Promise<Uint8Array> {
  const { message } = decodeModelProto(Uint8Array.from(await readFile(digits)));
  const { graph } = message;
  const weight = graph?.initializer?.find(({ dims }) => dims?.length === 4);
  if (!graph || !weight) throw new Error('the digits model has no convolution');
  change(graph, weight);
  const [version] = message.opsetImport ?? [];
  if (version && opset !== undefined) version.version = opset;
  return Buffer.concat(encodeModelProto(message));
}

function setAttribute(graph: GraphProto, name: 'strides' | 'group', value: bigint): void {
  const conv = graph.node?.find(({ opType }) => opType === 'Conv');
  const attributes = conv?.attribute?.filter((attribute) => attribute.name !== name) ?? [];
  const given = name === 'group' ? { name, type: 2, i: value } : { name, type: 7, ints: [value, value] };
  if (conv) conv.attribute = [...attributes, given];
}

let runs = 0;

/** A run with a fast pipeline over `bytes`, beside an output that exists already. */
async function attempt(bytes: Uint8Array | undefined, ...flags: string[]) {
  runs += 1;
  const folder = path(`run-${runs}`);
  await mkdir(folder);
  const [input, output] = [`${folder}/input.onnx`, `${folder}/output.onnx`];
  if (bytes) await writeFile(input, bytes);
  await writeFile(output, 'a good model');
  const argv = [input, output, '--pipeline', 'vbmf-ranks,tucker-2', '--no-bench', ...flags];
  const outcome = await call(argv, library, { cwd: folder });
  return { ...outcome, output: await readFile(output), files: (await readdir(folder)).sort() };
}

describe('a bad model', () => {
  const pristine = async () => new Uint8Array(await readFile(digits));

  test.each<[string, number, RegExp, () => Promise<Uint8Array | undefined>]>([
    ['that is missing', 7, /input\.onnx/, async () => undefined],
    ['that is empty', 3, /input\.onnx/, async () => new Uint8Array()],
    ['that is no protobuf', 3, /input\.onnx/, async () => Buffer.from('# not a model\n')],
    ['that is truncated', 3, /input\.onnx, byte \d+/, async () => (await pristine()).subarray(0, 100_000)],
    [
      'without an initializer that a node reads',
      3,
      /conv|weight/i,
      () => changed((graph, weight) => graph.initializer?.splice(graph.initializer.indexOf(weight), 1)),
    ],
    [
      'with an initializer defined twice',
      3,
      /tensor|weight/i,
      () => changed((graph, weight) => graph.initializer?.push(weight)),
    ],
    [
      'with a cycle',
      3,
      /cycle|order/,
      () =>
        changed((graph) => {
          const [first, last] = [graph.node?.[0], graph.node?.at(-1)];
          if (first?.input && last?.output) first.input[0] = last.output[0] ?? '';
        }),
    ],
    [
      'with raw_data of the wrong size',
      3,
      /raw_data|bytes/,
      () => changed((_graph, weight) => Object.assign(weight, { rawData: weight.rawData?.subarray(4) })),
    ],
    [
      'with a negative dim',
      3,
      /dim/,
      () => changed((_graph, weight) => Object.assign(weight, { dims: [-1n, 1n, 3n, 3n] })),
    ],
    ['with stride 0', 3, /stride/, () => changed((graph) => setAttribute(graph, 'strides', 0n))],
    ['with group 0', 3, /group/, () => changed((graph) => setAttribute(graph, 'group', 0n))],
    [
      'with zero channels',
      3,
      /channel|dim|shape/,
      () => changed((_graph, weight) => Object.assign(weight, { dims: [0n, 1n, 3n, 3n], rawData: new Uint8Array() })),
    ],
    [
      'with external data outside its folder',
      4,
      /\.\.\/secret/,
      () =>
        changed((_graph, weight) => {
          Object.assign(weight, {
            rawData: undefined,
            dataLocation: 1,
            externalData: [{ key: 'location', value: '../secret' }],
          });
        }),
    ],
  ])('%s exits %i, says where, and leaves the old output alone', async (_name, code, where, make) => {
    const outcome = await attempt(await make(), '--force');
    expect(outcome.stderr).toMatch(/^error\[[a-z-]+\]: /m);
    expect(outcome.stderr).toMatch(where);
    expect(outcome.stderr).not.toMatch(/internal error|^ {4}at /m);
    expect(outcome.code).toBe(code);
    expect(outcome.output.toString()).toBe('a good model');
    expect(outcome.files.filter((name) => !['input.onnx', 'output.onnx'].includes(name))).toEqual([]);
  });

  test('is not even looked at when its output exists', async () => {
    const { code, stderr, output } = await attempt(await pristine());
    expect([code, output.toString()]).toEqual([2, 'a good model']);
    expect(stderr).toMatch(/^error\[output-exists\]: the file exists \(.*output\.onnx\)\n {2}hint: Use --force/);
  });

  test.each<[string, string, () => Promise<Uint8Array>]>([
    [
      'with NaN among the weights of a node',
      'non-finite',
      () =>
        changed((_graph, weight) => {
          const raw = Uint8Array.from(weight.rawData ?? []);
          new DataView(raw.buffer).setFloat32(0, Number.NaN, true);
          weight.rawData = raw;
        }),
    ],
    ['of an opset that is not known', 'opset-unsupported', () => changed(() => undefined, 99n)],
  ])('%s is written with a reason for what was kept', async (_name, reason, make) => {
    const { code, stdout, stderr } = await attempt(await make(), '--force', '--json');
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('error[')]);
    const { nodes } = JSON.parse(stdout);
    expect(nodes.map(({ skipped }: { skipped: { code: string } | null }) => skipped?.code)).toContain(reason);
  });
});

describe('a good model', () => {
  test('goes through a pipe unchanged with no pass', async () => {
    const stdin = new Uint8Array(await readFile(digits));
    const argv = ['-', '-', '--pipeline', 'none', '--no-bench', '--quiet'];
    const { code, stdoutBytes, stderr } = await call(argv, library, { stdin, cwd: path() });
    expect([code, stderr]).toEqual([0, '']);
    expect(Buffer.compare(stdoutBytes, stdin)).toBe(0);
  });

  test('gives the same bytes from plan and apply as from run', async () => {
    const model = digits.pathname;
    const pipeline = ['--pipeline', 'vbmf-ranks,tucker-2'];
    const settings = { cwd: path() };
    const done = [
      await call([model, path('run.onnx'), ...pipeline, '--no-bench'], library, settings),
      await call(['plan', model, '-o', path('plan.json'), ...pipeline], library, settings),
      await call(['apply', model, path('applied.onnx'), '--plan', path('plan.json'), '--no-bench'], library, settings),
    ];
    expect(done.map(({ code, stderr }) => [code, stderr.includes('error')])).toEqual([
      [0, false],
      [0, false],
      [0, false],
    ]);
    const [run, applied] = [await readFile(path('run.onnx')), await readFile(path('applied.onnx'))];
    expect(run.equals(applied)).toBe(true);
    expect(run.byteLength).toBeLessThan((await readFile(digits)).byteLength);
  });
});
