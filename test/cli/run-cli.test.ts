import { readFile, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { Engine } from '../../src/cli/engine.ts';
import { type DiagnosticError, diagnostics } from '../../src/diagnostics.ts';
import { reportSchema } from '../../src/report/index.ts';
import { call, fakeEngine, outputBytes, plan } from './fake-engine.ts';
import { temporaryFolder } from './temporary-folder.ts';

const path = temporaryFolder();

async function existing(name: string, text = 'already here'): Promise<string> {
  await writeFile(path(name), text);
  return path(name);
}

describe('run', () => {
  test('without an output is a dry run: the table on stdout, a word on stderr, nothing written', async () => {
    const engine = fakeEngine();
    const { code, stdout, stderr } = await call(['model.onnx'], engine);
    expect(code).toBe(0);
    expect(engine.calls.map(({ method, inputs }) => [method, ...inputs])).toEqual([['compress', 'model.onnx']]);
    expect(engine.written).toEqual([]);
    expect(stdout).toContain('parameters');
    expect(stderr).toContain('Nothing was written');
  });

  test('writes the model to the output without leave to overwrite', async () => {
    const engine = fakeEngine();
    const { code } = await call(['model.onnx', path('new.onnx')], engine);
    expect(code).toBe(0);
    expect(engine.written).toEqual([{ path: path('new.onnx'), overwrite: false }]);
  });

  test('hands every option to the library under its name there', async () => {
    const engine = fakeEngine();
    const flags =
      '--pass a{x=1} --pass b --skip-pass c --plugin ./p.js --include conv* --exclude fc --ranks a=b=3,4 --ranks c=5 ' +
      '--require-gain macs --freeze-inputs --evaluate d.npz --preprocess tf --input-key img --label-key lab ' +
      '--input-shape in:0:1,3,8,8 --samples 64 --seed 7 --threads 2 --timeout 1.5m --memory 2GiB --external-root /w ' +
      '--external-data never --no-bench --check nodes --calibrate images/ --effort max --target macs=0.5x --target size=4MB ' +
      '--max-drop 1% --max-kl 0.1 --max-error 0.02 --best-effort --cache store/ --device webgpu';
    const argv = ['model.onnx', ...flags.split(' ')];
    const { code, stderr } = await call(argv, engine);
    expect([code, stderr]).toEqual([0, expect.stringContaining('Nothing was written')]);
    const { onEvent, signal, ...options } = engine.calls[0]?.options ?? {};
    expect(options).toEqual({
      preset: 'safe',
      passes: ['a{x=1}', 'b'],
      skipPasses: ['c'],
      plugins: ['./p.js'],
      include: ['conv*'],
      exclude: ['fc'],
      ranks: { 'a=b': [3, 4], c: [5] },
      requireGain: 'macs',
      freezeInputs: true,
      targets: ['macs=0.5x', 'size=4MB'],
      maxDrop: 1,
      maxKl: 0.1,
      maxError: 0.02,
      bestEffort: true,
      cache: 'store/',
      calibrate: 'images/',
      effort: 'max',
      evaluate: 'd.npz',
      preprocess: 'tf',
      inputKey: 'img',
      labelKey: 'lab',
      inputShapes: { 'in:0': [1, 3, 8, 8] },
      samples: 64,
      seed: 7,
      threads: 2,
      device: 'webgpu',
      timeout: 90_000,
      memory: 2 ** 31,
      externalRoots: ['/w'],
      externalData: 'never',
      bench: false,
      check: 'nodes',
      argv,
    });
  });

  test('a pipeline replaces the preset', async () => {
    const engine = fakeEngine();
    await call(['model.onnx', '--pipeline', 'none'], engine);
    expect(engine.calls[0]?.options).toMatchObject({ pipeline: 'none' });
    expect(engine.calls[0]?.options).not.toHaveProperty('preset');
  });

  test('from - to - carries the model and nothing else on stdout', async () => {
    const engine = fakeEngine();
    const stdin = Uint8Array.of(1, 2, 3, 0, 255);
    const { code, stdoutBytes, stderr } = await call(['-', '-'], engine, { stdin });
    expect(code).toBe(0);
    expect(stdoutBytes).toEqual(outputBytes);
    expect(Uint8Array.from(engine.calls[0]?.inputs[0] as Uint8Array)).toEqual(stdin);
    expect(stderr).toContain('parameters');
  });

  test('--quiet says nothing at all', async () => {
    const { code, stderr, stdoutBytes } = await call(['-', '-', '--quiet'], fakeEngine(), { stdin: outputBytes });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdoutBytes).toEqual(outputBytes);
  });

  test('--json prints the report, and --quiet does not take it away', async () => {
    const { stdout } = await call(['model.onnx', '--json', '--quiet'], fakeEngine());
    expect(reportSchema.parse(JSON.parse(stdout)).input.file).toBe('model.onnx');
  });

  test('writes reports as JSON and HTML', async () => {
    const [json, html] = [path('report.json'), path('report.html')];
    const { code } = await call(['model.onnx', '--report', json, '--report', html], fakeEngine());
    expect(code).toBe(0);
    expect(reportSchema.parse(JSON.parse(await readFile(json, 'utf8'))).version).toBe(1);
    expect(await readFile(html, 'utf8')).toContain('<html');
  });

  test('refuses an existing output before any work, and overwrites it with --force', async () => {
    const [engine, output] = [fakeEngine(), await existing('old.onnx')];
    const { code, stderr } = await call(['model.onnx', output], engine);
    expect(code).toBe(2);
    expect(stderr).toContain('error[output-exists]');
    expect(engine.calls).toEqual([]);
    expect((await call(['model.onnx', output, '--force'], engine)).code).toBe(0);
    expect(engine.written).toEqual([{ path: output, overwrite: true }]);
  });

  test('refuses to overwrite the input under another name even with --force', async () => {
    const input = await existing('input.onnx');
    await symlink(input, path('other-name.onnx'));
    const engine = fakeEngine();
    const { code, stderr } = await call([input, path('other-name.onnx'), '--force'], engine);
    expect(code).toBe(2);
    expect(stderr).toContain('error[output-is-input]');
    expect(engine.calls).toEqual([]);
  });

  test('--in-place replaces the input', async () => {
    const [engine, input] = [fakeEngine(), await existing('in-place.onnx')];
    expect((await call([input, '--in-place'], engine)).code).toBe(0);
    expect(engine.written).toEqual([{ path: input, overwrite: true }]);
  });
});

describe('the other commands', () => {
  test('plan prints a table, and writes what apply reads back', async () => {
    const file = path('plan.json');
    const engine = fakeEngine();
    const { stdout } = await call(['plan', 'model.onnx', '-o', file], engine);
    expect(stdout).toMatch(/layer1\.0\.conv1\s+Conv\s+64x64x3x3\s+tucker-2\s+32,32\s+36\.9k→13\.3k/);
    expect(stdout).toContain('no-gain: 3 input channels');
    const { code, stderr } = await call(['apply', 'model.onnx', path('applied.onnx'), '--plan', file], engine);
    expect([code, stderr]).toEqual([0, '']);
    expect(engine.calls[1]?.inputs).toEqual(['model.onnx', plan]);
    expect(engine.written).toEqual([{ path: path('applied.onnx'), overwrite: false }]);
  });

  test('plan --json prints the plan', async () => {
    expect(JSON.parse((await call(['plan', 'm.onnx', '--json'], fakeEngine())).stdout)).toEqual(plan);
  });

  test.each([
    ['{"version": 2}', 'version 2 is not known'],
    ['{"version": 1}', 'tool: '],
    ['{', 'not a plan: '],
  ])('apply refuses the plan %s', async (text, message) => {
    const file = await existing('bad-plan.json', text);
    const engine = fakeEngine();
    const { code, stderr } = await call(['apply', 'model.onnx', '--plan', file], engine);
    expect(code).toBe(2);
    expect(stderr).toContain('error[invalid-plan]');
    expect(stderr).toContain(message);
    expect(engine.calls).toEqual([]);
  });

  test('plan lists the channels that lose filters below the nodes', async () => {
    const pruned = [{ pass: 'prune-filters', group: 'conv1', kept: '0-47', of: 64, loss: 0.0312 }];
    const { stdout } = await call(['plan', 'model.onnx'], fakeEngine({ plan: async () => ({ ...plan, pruned }) }));
    expect(stdout).toMatch(/conv1\s+64→48\s+0\.031\s+prune-filters/);
    expect((await call(['plan', 'model.onnx'], fakeEngine())).stdout).not.toContain('channel group');
  });

  test('inspect lists nodes with their reasons, --passes the passes', async () => {
    const nodes = await call(['inspect', 'model.onnx'], fakeEngine());
    expect(nodes.stdout).toMatch(/conv1\s+Conv\s+64x3x7x7\s+float32\s+9\.4k\s+–\s+no-gain: 3 input channels/);
    const passes = await call(['inspect', '--passes'], fakeEngine());
    expect(passes.stdout).toMatch(/tucker-2\s+factorize\s+splits a k×k Conv into three/);
  });

  test('inspect --groups lists channels that go together, with the reasons why some cannot', async () => {
    const { stdout } = await call(['inspect', 'model.onnx', '--groups'], fakeEngine());
    expect(stdout).toMatch(/conv1\s+64\s+2\s+1\s+mixes-channels: Softmax attention reads all of them/);
  });

  test('verify exits 0 within the tolerance and 5 beyond it', async () => {
    const strict = await call(['verify', 'a.onnx', 'b.onnx'], fakeEngine());
    expect(strict.code).toBe(5);
    expect(strict.stdout).toContain('tolerance 0.0001');
    const lax = await call(['verify', 'a.onnx', 'b.onnx', '--tolerance', '0.02'], fakeEngine());
    expect(lax.code).toBe(0);
    expect(lax.stdout).toContain('the models agree');
  });

  test('bench prints the ratio with its interval', async () => {
    const { stdout } = await call(['bench', 'a.onnx', 'b.onnx'], fakeEngine());
    expect(stdout).toContain('ratio 2.02× (95 % interval 1.90 to 2.10)');
  });

  test('explain prints pattern, numbers, rule and advice', async () => {
    const { stdout } = await call(['explain', 'model.onnx', 'conv1'], fakeEngine());
    for (const part of ['7×7 stride 2', 'W = U C V', 'R3=3', 'its error is above 0.01', '--ranks conv1=3,32']) {
      expect(stdout).toContain(part);
    }
    expect(stdout).toContain('makes channels of conv1, 64 in all: made by conv1, conv3; read by conv2');
    expect(stdout).toContain('they stay (mixes-channels): Softmax attention reads all of them');
  });

  test('explain --plan prints what the goal chose, the next best, why not that, and advice', async () => {
    const file = await existing('goal.json', JSON.stringify(plan));
    const engine = fakeEngine();
    const { code, stdout } = await call(['explain', 'model.onnx', 'conv1', '--plan', file], engine);
    expect(code).toBe(0);
    expect(engine.calls.map(({ method, inputs }) => [method, ...inputs])).toEqual([
      ['explainPlan', 'model.onnx', 'conv1', plan],
    ]);
    const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(rows).toContainEqual(['goal', 'tucker-2', '3,32', '5k', '62.7M', '0.457', '0.031']);
    expect(rows).toContainEqual(['next 1', 'kept', '–', '9.4k', '118M', '0.6', '0']);
    for (const part of ['goal macs=0.5x', 'not next 1: 0.031 less error for', 'chosen by goal', "--exclude 'conv1'"])
      expect(stdout).toContain(part);
    expect(stdout).toContain('makes and reads channels of conv1, 64 in all');
    expect(stdout).toContain('prune-filters keeps 0-47 of 64, at a loss of 0.031');
  });

  test('explain takes a goal or a plan, not both', async () => {
    const file = await existing('both.json', JSON.stringify(plan));
    const given = ['explain', 'model.onnx', 'conv1', '--target', 'macs=0.5x'];
    const both = await call([...given, '--plan', file], fakeEngine());
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('a plan has its goal already')]);
    const engine = fakeEngine();
    expect((await call([...given, '--calibrate', 'images/'], engine)).code).toBe(0);
    expect(engine.calls[0]).toMatchObject({
      method: 'explain',
      options: { targets: ['macs=0.5x'], calibrate: 'images/' },
    });
  });

  test.each(['plan', 'inspect', 'verify', 'bench', 'explain'])('%s --json prints JSON alone', async (command) => {
    const given = ['verify', 'bench', 'explain'].includes(command) ? ['a.onnx', 'b'] : ['a.onnx'];
    const { stdout } = await call([command, ...given, '--json'], fakeEngine());
    expect(typeof JSON.parse(stdout)).toBe('object');
  });

  test('completion prints a script, and completes commands and flags', async () => {
    expect((await call(['completion'], fakeEngine())).stdout).toContain('--get-yargs-completions');
    const commands = await call(['--get-yargs-completions', 'onnx-tucker', ''], fakeEngine());
    expect(commands.stdout.split('\n')).toEqual(expect.arrayContaining(['plan', 'apply', 'explain', 'completion']));
    expect(commands.stdout).not.toContain('$0');
  });
});

describe('--help', () => {
  test('starts with examples and ends with the passes', async () => {
    const { code, stdout } = await call(['--help'], fakeEngine());
    expect(code).toBe(0);
    expect(stdout.startsWith('Examples:')).toBe(true);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/tucker-2 {2}splits a k×k Conv into three/);
  });

  test.each(['plan', 'apply', 'inspect', 'verify', 'bench', 'explain', 'init'])(
    '%s has examples of its own',
    async (command) => {
      const { stdout } = await call([command, '--help'], fakeEngine());
      expect(stdout).toMatch(new RegExp(`^Examples:\n {2}# .*\n {2}onnx-tucker ${command}`));
    },
  );

  test('does not load the passes where they are not shown', async () => {
    const passes = async () => Promise.reject(new Error('loaded'));
    expect((await call(['model.onnx'], fakeEngine({ passes }))).code).toBe(0);
  });
});

describe('exit codes', () => {
  const where = { file: 'model.onnx', node: 'conv1', byte: 12 };
  test.each<[number, string, DiagnosticError]>([
    [2, 'usage', diagnostics.usage('no')],
    [3, 'not-a-model', diagnostics.notAModel('model.onnx', 'truncated', 12)],
    [3, 'cycle', diagnostics.invalidModel('cycle', 'the graph has a cycle', where)],
    [4, 'external-data-outside', diagnostics.unsafeModel('external-data-outside', 'outside', where)],
    [5, 'check-failed', diagnostics.checkFailed('the outputs differ', where)],
    [5, 'runtime-crashed', diagnostics.runtimeCrashed('ONNX Runtime died', where)],
    [7, 'no-space', diagnostics.io('no-space', 'the disk is full', where)],
    [8, 'timed-out', diagnostics.timedOut('no answer after 60 s')],
    [130, 'interrupted', diagnostics.interrupted('SIGINT')],
    [143, 'interrupted', diagnostics.interrupted('SIGTERM')],
  ])('%i for %s', async (code, name, thrown) => {
    const compress: Engine['compress'] = async () => Promise.reject(thrown);
    const outcome = await call(['model.onnx'], fakeEngine({ compress }));
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toMatch(new RegExp(`^error\\[${name}\\]: .*${thrown.diagnostic.message}`));
    expect(outcome.stdout).toBe('');
  });

  test('an error says where it is, in one line', async () => {
    const compress: Engine['compress'] = async () =>
      Promise.reject(
        diagnostics.invalidModel(
          'cycle',
          'a cycle',
          { file: 'm.onnx', node: 'evil\u001b[31m\nname', byte: 3 },
          'Cut it.',
        ),
      );
    const { stderr } = await call(['m.onnx'], fakeEngine({ compress }));
    expect(stderr).toMatch(/^error\[cycle\]: a cycle \(m\.onnx, node evil·?name, byte 3\)\n {2}hint: Cut it\.\n$/);
  });

  test('a pipeline error points at its column', async () => {
    const compress: Engine['compress'] = async () =>
      Promise.reject(diagnostics.invalidPipeline('svd{', 4, 'expected more'));
    const { code, stderr } = await call(['m.onnx'], fakeEngine({ compress }));
    expect([code, stderr]).toEqual([
      2,
      'error[invalid-pipeline]: pipeline, column 5: expected more\n  svd{\n      ^\n',
    ]);
  });

  test('what the system reports is an I/O failure', async () => {
    const compress: Engine['compress'] = async () => {
      await readFile(path('missing.onnx'));
      throw new Error('it was there');
    };
    const { code, stderr } = await call(['m.onnx'], fakeEngine({ compress }));
    expect(code).toBe(7);
    expect(stderr).toMatch(/^error\[io\]: ENOENT: no such file or directory, open '.*missing\.onnx'\n$/);
  });

  test('anything else is an internal error whose stack only --verbose shows', async () => {
    const compress: Engine['compress'] = async () => Promise.reject(new TypeError('x is not a function'));
    const short = await call(['m.onnx'], fakeEngine({ compress }));
    expect(short.code).toBe(1);
    expect(short.stderr).toMatch(/^internal error: x is not a function\n.*report/);
    expect(short.stderr).not.toContain('run-cli.test');
    const long = await call(['m.onnx', '--verbose'], fakeEngine({ compress }));
    expect(long.stderr).toContain('run-cli.test');
  });

  test('a signal wins over whatever the aborted work throws', async () => {
    const controller = new AbortController();
    const compress: Engine['compress'] = async (_input, { signal } = {}) => {
      controller.abort(diagnostics.interrupted('SIGINT'));
      expect(signal?.aborted).toBe(true);
      throw new Error('a worker broke off');
    };
    const { code, stderr } = await call(['m.onnx'], fakeEngine({ compress }), { signal: controller.signal });
    expect(code).toBe(130);
    expect(stderr).toContain('stopped by SIGINT');
  });

  test.each<[string, string]>([
    ['m.onnx --calibration images/', 'there is no option --calibration'],
    ['m.onnx --reprot r.json', 'Did you mean "--report"?'],
    ['m.onnx -z', 'there is no option -z'],
    ['inspect m.onnx --force', 'there is no option --force for this command'],
    ['', 'an argument is missing'],
    ['a.onnx b.onnx c.onnx', '"c.onnx" is one argument too many'],
    ['plan', 'an argument is missing'],
    ['apply m.onnx', '--plan: is needed'],
    ['verify a b --tolerance 0', '--tolerance: '],
    ['inspect', 'inspect what?'],
    ['inspct m.onnx', 'Did you mean "inspect"?'],
    ['m.onnx --seed', '--seed: needs a value'],
    ['m.onnx --seed 1 --seed 2', '--seed: is given more than once'],
    ['m.onnx --seed x', '--seed: expected a number, not "x"'],
    ['m.onnx --seed -1', '--seed: '],
    ['m.onnx --samples 1.5', '--samples: '],
    ['m.onnx --require-gain mac', 'Did you mean "macs"?'],
    ['m.onnx --preset tiny', '--preset: "tiny" is none of "safe", "balanced", "small"'],
    ['m.onnx --max-drop many', '--max-drop: expected percentage points such as 1% or 0.5%, not "many"'],
    ['m.onnx --timeout soon', '--timeout: expected a time such as 90s'],
    ['m.onnx --memory 0GiB', '--memory: expected more than 0'],
    ['m.onnx --ranks conv1', '--ranks: expected name=number,number, not "conv1"'],
    ['m.onnx --ranks conv1=0', '--ranks (conv1.0): '],
    ['m.onnx --no-seed', '--no-seed: only switches can be turned off'],
    ['m.onnx --pipeline svd --pass svd', '--pass does not go with --pipeline'],
    ['m.onnx --pipeline svd --preset safe', '--preset does not go with --pipeline'],
    ['m.onnx --report r.txt', 'a report is .json or .html'],
    ['m.onnx - --json', '--json and the model both want standard output'],
    ['- --in-place', '--in-place needs a file'],
    ['m.onnx n.onnx --in-place', '--in-place replaces the input'],
    ['m.onnx --config /nowhere/c.json', 'the configuration cannot be read: there is no such file (/nowhere/c.json)'],
    ['verify - -', 'only one of two models can come from standard input'],
    ['-', 'standard input is empty'],
  ])('2 for "%s", saying "%s"', async (line, message) => {
    const engine = fakeEngine();
    const { code, stderr, stdout } = await call(line.split(' ').filter(Boolean), engine);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error\[[a-z-]+\]: /);
    expect(stderr).toContain(message);
    expect(engine.calls).toEqual([]);
  });
});

describe('colour', () => {
  const failing = fakeEngine({ compress: async () => Promise.reject(diagnostics.usage('no')) });
  const colored = async (environment: Record<string, string>, terminal: boolean) =>
    (await call(['m.onnx'], failing, { environment, terminal })).stderr.includes('\u001b[');

  test.each<[boolean, Record<string, string>, boolean]>([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('on a terminal: %p, with %p: %p', async (terminal, environment, expected) => {
    expect(await colored(environment, terminal)).toBe(expected);
  });
});
