import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { temporaryFolder } from './temporary-folder.ts';

const path = temporaryFolder();
const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const digits = fileURLToPath(new URL('../../examples/digits/digits.onnx', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

interface Started {
  readonly ended: Promise<Ended>;
  readonly process: ReturnType<typeof spawn>;
}

function start(argv: readonly string[], { cwd = path() }: { readonly cwd?: string } = {}): Started {
  const process = spawn(globalThis.process.execPath, [main, ...argv], { cwd, stdio: 'pipe' });
  const chunks: Buffer[] = [];
  let stderr = '';
  process.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  process.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve) => {
    process.on('close', (code) => resolve({ code, stdout: Buffer.concat(chunks), stderr }));
  });
  return { ended, process };
}

const run = (...argv: string[]) => start(argv).ended;

beforeAll(() => {
  if (!existsSync(main)) throw new Error('the built command is missing: run "npm run build" first');
});

describe('the command as a process', () => {
  test('says its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await run('--version')).toEqual({ code: 0, stdout: Buffer.from(`${version}\n`), stderr: '' });
  });

  test('passes a model through standard input and output', async () => {
    const { ended, process } = start(['-', '-', '--pipeline', 'none', '--no-bench', '--quiet']);
    const model = await readFile(digits);
    process.stdin?.end(model);
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.equals(model)).toBe(true);
  });

  test('is quiet about a reader that leaves early', async () => {
    const { ended, process } = start(['--help']);
    process.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('fails where the model itself cannot be delivered', async () => {
    const { ended, process } = start([digits, '-', '--pipeline', 'none', '--no-bench', '--quiet']);
    process.stdout?.destroy();
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([7, 'error[io]: write EPIPE\n']);
  });

  test.each<[string, number, string[]]>([
    ['an unknown option', 2, [digits, '--calibration', 'x']],
    ['a file that is no model', 3, [fileURLToPath(import.meta.url)]],
    ['a missing file', 7, ['nowhere.onnx']],
    ['a folder that does not exist', 7, [digits, 'nowhere/small.onnx', '--pipeline', 'none', '--no-bench']],
  ])('%s exits %i with one error and no stack', async (_name, expected, argv) => {
    const { code, stdout, stderr } = await run(...argv);
    expect([code, stdout.toString()]).toEqual([expected, '']);
    expect(stderr.match(/^error\[/gm)).toHaveLength(1);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s stops the work with %i; the old output stays and nothing else is left', async (signal, expected) => {
    const folder = path(signal);
    await mkdir(folder);
    await writeFile(`${folder}/small.onnx`, 'a good model');
    const { ended, process } = start([digits, 'small.onnx', '--force', '--no-bench', '--verbose'], { cwd: folder });
    process.stderr?.once('data', () => process.kill(signal));
    const { code, stderr } = await ended;
    expect(stderr).toContain(`error[interrupted]: stopped by ${signal}, nothing was written`);
    expect(code).toBe(expected);
    expect(await readdir(folder)).toEqual(['small.onnx']);
    expect(await readFile(`${folder}/small.onnx`, 'utf8')).toBe('a good model');
  });

  test('reads a configuration that is a module', async () => {
    await mkdir(path('module'));
    await writeFile(path('module', 'package.json'), '{}');
    await writeFile(path('module', 'onnx-tucker.config.mjs'), "export default { pipeline: ['no', 'ne'].join('') };\n");
    const { ended } = start(['plan', digits, '--json'], { cwd: path('module') });
    expect(JSON.parse((await ended).stdout.toString()).pipeline).toBe('none');
  });

  test('prints a script that a shell accepts', async () => {
    const { stdout } = await run('completion');
    const shell = spawn('bash', ['-n'], { stdio: ['pipe', 'ignore', 'pipe'] });
    shell.stdin.end(stdout);
    expect(await new Promise((resolve) => shell.on('close', resolve))).toBe(0);
  });
});
