import { execFileSync, fork, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { diagnostics } from '../../src/diagnostics.ts';
import type { DType } from '../../src/ir/index.ts';
import {
  GrowingBuffer,
  type KeepingRuntime,
  openRuntime,
  type RuntimeData,
  type RuntimeOptions,
  runtimeInfo,
} from '../../src/runtime/index.ts';
import { fileThreshold } from '../../src/runtime/transfer.js';
import { identityModel, size, squareModel } from './small-models.ts';

const opened: KeepingRuntime[] = [];

// A place of our own, where only our children's folders can be.
const folder = mkdtempSync(join(tmpdir(), 'open-runtime-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function open(options?: RuntimeOptions): Promise<KeepingRuntime> {
  const runtime = await openRuntime({ folder, ...options });
  opened.push(runtime);
  return runtime;
}

afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
  await eventually(() => children().length === 0 && transferFolders().length === 0);
});

/** Children of this process that host ONNX Runtime, newest last. */
function children(): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [])
    .filter(([, , parent, args]) => Number(parent) === process.pid && args?.includes('child.js'))
    .map(([, pid]) => Number(pid));
}

function transferFolders(): string[] {
  return readdirSync(folder);
}

async function eventually(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition() && Date.now() < end) await new Promise((wake) => setTimeout(wake, 20));
  expect(condition()).toBe(true);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('openRuntime', () => {
  it('runs several sessions and says what they take and give', async () => {
    const runtime = await open();
    const square = await runtime.load(squareModel());
    const copy = await runtime.load(identityModel('float32', ['N', 3]));
    expect(square.inputs).toEqual([{ name: 'size', dtype: 'int64', shape: [2] }]);
    expect(copy.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: ['N', 3] }]);
    const [a, b] = await Promise.all([
      square.run(size(5)),
      copy.run({ x: { dtype: 'float32', dims: [1, 3], data: Float32Array.of(1, 2, 3) } }),
    ]);
    expect(a).toEqual({ result: { dtype: 'float32', dims: [], data: Float32Array.of(5) } });
    expect(b).toEqual({ y: { dtype: 'float32', dims: [1, 3], data: Float32Array.of(1, 2, 3) } });
  });

  it.each<[DType, RuntimeData]>([
    ['float32', Float32Array.of(1.5, Number.NaN)],
    ['float64', Float64Array.of(Math.PI, -0)],
    ['float16', Uint16Array.of(0x3c00, 0xfc00)],
    ['int64', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
    ['uint64', BigUint64Array.of(0n, 2n ** 64n - 1n)],
    ['int32', Int32Array.of(-1, 7)],
    ['uint32', Uint32Array.of(1, 2 ** 32 - 1)],
    ['int16', Int16Array.of(-5, 5)],
    ['uint16', Uint16Array.of(5, 65535)],
    ['int8', Int8Array.of(-128, 127)],
    ['uint8', Uint8Array.of(0, 255)],
    ['bool', Uint8Array.of(0, 1)],
    ['string', ['', 'größer']],
  ])('carries %s there and back unchanged', async (dtype, data) => {
    const session = await (await open()).load(identityModel(dtype, [2]));
    expect(await session.run({ x: { dtype, dims: [2], data } })).toEqual({ y: { dtype, dims: [2], data } });
  });

  it('carries tensors that go by file, and leaves no file behind', async () => {
    const runtime = await open();
    const session = await runtime.load(identityModel('float32', ['N']));
    const data = Float32Array.from({ length: fileThreshold / 4 + 1 }, (_, i) => i % 1000);
    const { y } = await session.run({ x: { dtype: 'float32', dims: [data.length], data } });
    const back = y?.data;
    if (!(back instanceof Float32Array)) throw new TypeError('float32 was expected');
    expect(Buffer.from(back.buffer).equals(Buffer.from(data.buffer))).toBe(true);
    expect(transferFolders().map((name) => readdirSync(join(folder, name)))).toEqual([[]]);
  });

  it('loads a model by path, and writes its optimised form where it is told', async () => {
    const models = mkdtempSync(join(tmpdir(), 'model-'));
    try {
      const path = join(models, 'square.onnx');
      writeFileSync(path, squareModel());
      const optimizedModelPath = join(models, 'optimised.onnx');
      const session = await (await open()).load({ path }, { optimization: 'basic', optimizedModelPath });
      expect((await session.run(size(4)))['result']?.data).toEqual(Float32Array.of(4));
      expect(existsSync(optimizedModelPath)).toBe(true);
    } finally {
      rmSync(models, { recursive: true });
    }
  });

  it('times runs: as many as asked, and longer for more work', async () => {
    const session = await (await open()).load(squareModel());
    const small = await session.time(size(64), 5);
    const large = await session.time(size(1024), 3);
    expect([small.wall.length, small.cpu.length, large.wall.length]).toEqual([5, 5, 3]);
    expect(Math.min(...large.wall)).toBeGreaterThan(Math.min(...small.wall));
    expect(Math.min(...large.cpu)).toBeGreaterThan(0);
  });

  it('rejects what is no model and feeds that do not fit, and goes on', async () => {
    const runtime = await open();
    await expect(runtime.load(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
      diagnostic: { code: 'runtime-rejected', exitCode: 5 },
    });
    const session = await runtime.load(identityModel('float32', [2]));
    const wrong = { x: { dtype: 'float32', dims: [3], data: new Float32Array(3) } } as const;
    await expect(session.run(wrong)).rejects.toMatchObject({ diagnostic: { code: 'runtime-rejected' } });
    const right = { x: { dtype: 'float32', dims: [2], data: new Float32Array(2) } } as const;
    expect((await session.run(right))['y']?.data).toEqual(new Float32Array(2));
  });

  it('does not time old feeds when the new ones were rejected', async () => {
    const session = await (await open()).load(identityModel('float32', [2]));
    const right = { x: { dtype: 'float32', dims: [2], data: new Float32Array(2) } } as const;
    const wrong = { x: { dtype: 'float32', dims: [3], data: new Float32Array(3) } } as const;
    await session.time(right, 1);
    await expect(session.time(wrong, 1)).rejects.toMatchObject({ diagnostic: { code: 'runtime-rejected' } });
    await expect(session.time(wrong, 1)).rejects.toMatchObject({ diagnostic: { code: 'runtime-rejected' } });
    expect((await session.time(right, 1)).wall).toHaveLength(1);
  });
});

describe('the child of openRuntime', () => {
  it('may be killed: the run fails with a diagnostic, and the next one has a fresh child', async () => {
    const session = await (await open()).load(squareModel());
    const [pid] = children();
    const failed = expect(session.run(size(8192))).rejects.toMatchObject({
      diagnostic: { code: 'runtime-crashed', exitCode: 5 },
    });
    setTimeout(() => process.kill(pid as number, 'SIGSEGV'), 300);
    await failed;
    expect((await session.run(size(3)))['result']?.data).toEqual(Float32Array.of(3));
    expect(children()).not.toContain(pid);
  });

  it('may die between two requests', async () => {
    const session = await (await open()).load(squareModel());
    const [pid] = children();
    process.kill(pid as number, 'SIGKILL');
    await eventually(() => !isAlive(pid as number));
    await new Promise((wake) => setTimeout(wake, 100));
    expect((await session.run(size(3)))['result']?.data).toEqual(Float32Array.of(3));
  });

  it('is ended by the time limit, and the next run works', async () => {
    const session = await (await open({ timeout: 1500 })).load(squareModel());
    const start = Date.now();
    await expect(session.run(size(12_000))).rejects.toMatchObject({ diagnostic: { code: 'timed-out', exitCode: 8 } });
    expect(Date.now() - start).toBeLessThan(10_000);
    expect((await session.run(size(3)))['result']?.data).toEqual(Float32Array.of(3));
  });

  it('is ended by the memory limit while ONNX Runtime blocks it', async () => {
    const session = await (await open({ memory: 400 * 2 ** 20 })).load(squareModel());
    await expect(session.run(size(16_384))).rejects.toMatchObject({
      diagnostic: { code: 'limit-exceeded', exitCode: 8 },
    });
    expect((await session.run(size(3)))['result']?.data).toEqual(Float32Array.of(3));
  });

  it('is ended by an abort signal, whose reason the run fails with', async () => {
    const controller = new AbortController();
    const session = await (await open({ signal: controller.signal })).load(squareModel());
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 200);
    await expect(session.run(size(12_000))).rejects.toBe(reason);
    await expect(session.run(size(3))).rejects.toBe(reason);
  });

  it('is gone, with its folder, once the runtime is closed', async () => {
    const runtime = await openRuntime({ folder });
    const pids = children();
    expect([pids.length, transferFolders().length]).toEqual([1, 1]);
    await runtime.close();
    await eventually(() => pids.every((pid) => !isAlive(pid)));
    await eventually(() => transferFolders().length === 0);
  });

  it('does not outlive a parent that was killed, even while it computes', async () => {
    const modelFile = join(mkdtempSync(join(tmpdir(), 'model-')), 'square.onnx');
    writeFileSync(modelFile, squareModel());
    const script = fileURLToPath(new URL('./orphan-parent.js', import.meta.url));
    const childFile = fileURLToPath(new URL('../../src/runtime/child.js', import.meta.url));
    const parent = spawn(process.execPath, [script, childFile, modelFile], { stdio: ['ignore', 'pipe', 'inherit'] });
    const text = await new Promise<string>((resolve) =>
      parent.stdout.once('data', (data: Buffer) => resolve(data.toString())),
    );
    const orphan = JSON.parse(text) as { pid: number; folder: string };
    expect([isAlive(orphan.pid), existsSync(orphan.folder)]).toEqual([true, true]);
    parent.kill('SIGKILL');
    await eventually(() => !isAlive(orphan.pid));
    expect(existsSync(orphan.folder)).toBe(false);
    rmSync(modelFile);
  });

  it('says so where onnxruntime-node is not installed', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'bare-'));
    try {
      for (const name of ['child.js', 'ort-tensor.js', 'tensor-store.js', 'transfer.js', 'watchdog.js']) {
        copyFileSync(new URL(`../../src/runtime/${name}`, import.meta.url), join(elsewhere, name));
      }
      writeFileSync(join(elsewhere, 'package.json'), '{ "type": "module" }');
      const settings = { parent: process.pid, memory: 2 ** 40, room: 2 ** 40, folder: elsewhere, memoryMessage: '' };
      const child = fork(join(elsewhere, 'child.js'), [JSON.stringify(settings)], {
        serialization: 'advanced',
        execArgv: [],
      });
      const reply = await new Promise((resolve) => child.once('message', resolve));
      expect(reply).toMatchObject({ kind: 'missing', message: expect.stringContaining('onnxruntime-node') });
      expect(diagnostics.runtimeMissing('gone').diagnostic).toMatchObject({
        code: 'runtime-missing',
        hint: expect.stringContaining('npm install'),
      });
      child.kill('SIGKILL');
    } finally {
      rmSync(elsewhere, { recursive: true, force: true });
    }
  });

  it('is exchanged now and then, which sessions do not notice', async () => {
    const runtime = await open();
    const first = await runtime.load(squareModel());
    const [pid] = children();
    for (let i = 0; i < 200; i++) await (await runtime.load(identityModel('float32', [1]))).release();
    expect((await first.run(size(3)))['result']?.data).toEqual(Float32Array.of(3));
    expect(children()).not.toContain(pid);
  });
});

describe('tensors that a runtime keeps', () => {
  const tensor = { dtype: 'float32', dims: [2, 3], data: Float32Array.of(0, 1, 2, 10, 11, 12) } as const;
  const places = { rows: Int32Array.of(3, 0), columns: Int32Array.of(2, 0) };
  const gathered = Float32Array.of(12, 10, 2, 0);

  it.each([{ room: 2 ** 20 }, { room: 0 }])('are fed to sessions and read in part: %o', async (options) => {
    const runtime = await open(options);
    const session = await runtime.load(identityModel('float32', ['N', 3]));
    const x = await runtime.keep(tensor);
    const [first, second] = await session.runKept([{ x }, { x: await runtime.keep({ ...tensor, dims: [2, 3] }) }]);
    expect([first?.['y']?.dims, second?.['y']?.dtype]).toEqual([[2, 3], 'float32']);
    for (const kept of [x, first?.['y'], second?.['y']])
      expect(await kept?.gather(places, new GrowingBuffer())).toEqual(gathered);
  });

  it.each<[DType, RuntimeData, RuntimeData]>([
    ['float16', Uint16Array.of(0x3c00, 0xfc00), Uint16Array.of(0xfc00)],
    ['float64', Float64Array.of(1, Math.PI), Float64Array.of(Math.PI)],
    ['int64', BigInt64Array.of(1n, -(2n ** 63n)), BigInt64Array.of(-(2n ** 63n))],
  ])('keep their type: %s', async (dtype, data, part) => {
    for (const room of [0, 2 ** 20]) {
      const runtime = await open({ room });
      const kept = await runtime.keep({ dtype, dims: [2], data });
      const one = { rows: Int32Array.of(0), columns: Int32Array.of(1) };
      expect(await kept.gather(one, new GrowingBuffer())).toEqual(part);
    }
  });

  it('are there until every holder has let go, and their files go with them', async () => {
    const runtime = await open({ room: 0 });
    const files = () => transferFolders().flatMap((name) => readdirSync(join(folder, name)));
    const kept = await runtime.keep(tensor);
    kept.share().release();
    expect(await kept.gather(places, new GrowingBuffer())).toEqual(gathered);
    expect(files()).toHaveLength(2);
    kept.release();
    await expect(kept.gather(places, new GrowingBuffer())).rejects.toThrow();
    await eventually(() => files().length === 1);
  });

  it('move to the next child when one has served its time', async () => {
    for (const room of [0, 2 ** 30]) {
      const runtime = await open({ room });
      const large = new Float32Array(fileThreshold).map((_, i) => i % 1000);
      const kept = [
        await runtime.keep(tensor),
        await runtime.keep({ dtype: 'float32', dims: [large.length], data: large }),
      ];
      const [pid] = children();
      for (let i = 0; i < 201; i++) await (await runtime.load(identityModel('float32', [1]))).release();
      expect(children()).not.toContain(pid);
      expect(await kept[0]?.gather(places, new GrowingBuffer())).toEqual(gathered);
      const last = { rows: Int32Array.of(large.length - 1), columns: Int32Array.of(0) };
      expect(await kept[1]?.gather(last, new GrowingBuffer())).toEqual(large.subarray(-1));
      await runtime.close();
    }
  });

  it('are lost with a child that dies, and whoever reads them hears why', async () => {
    const runtime = await open();
    const kept = await runtime.keep(tensor);
    const [pid] = children();
    process.kill(pid as number, 'SIGKILL');
    await eventually(() => !isAlive(pid as number));
    await new Promise((wake) => setTimeout(wake, 100));
    await expect(kept.gather(places, new GrowingBuffer())).rejects.toMatchObject({
      diagnostic: { code: 'runtime-crashed', exitCode: 5 },
    });
  });
});

describe('runtimeInfo', () => {
  it('names the version, the processor and its instruction set', () => {
    const { version, cpu, instructionSet } = runtimeInfo();
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(cpu.length).toBeGreaterThan(0);
    expect(instructionSet).toMatch(/^[a-z0-9]+$/);
  });
});
