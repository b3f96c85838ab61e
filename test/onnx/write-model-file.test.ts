import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DiagnosticError } from '../../src/diagnostics.ts';
import { type Model, memorySource, Tensor } from '../../src/ir/index.ts';
import { readModel, readModelFile, type WriteFileOptions, writeModelFile } from '../../src/onnx/index.ts';
import { faultyFileSystem } from './faulty-file-system.ts';
import { bytesOf, floats, smallModel } from './model-bytes.ts';

let base: string;
let work: string;
let old: Uint8Array;
let original: Uint8Array;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'onnx-tucker-write-'));
  original = bytesOf(smallModel({ initializer: [floats('w', [3, 2, 3, 3]), floats('large', [40, 40])] }));
  old = Buffer.from('what was there before');
});

beforeEach(() => {
  work = mkdtempSync(join(base, 'case-'));
});

afterAll(() => {
  rmSync(base, { recursive: true });
});

describe('writeModelFile', () => {
  test('writes the bytes it was given when nothing changed', async () => {
    await writeModelFile(readModel(original), target());
    expect(Buffer.compare(readFileSync(target()), original)).toBe(0);
    expect(readdirSync(work)).toEqual(['out.onnx']);
  });

  test('does not overwrite without being told, and keeps the mode when it does', async () => {
    writeFileSync(target(), old, { mode: 0o640 });
    expect(await codeOf(() => writeModelFile(readModel(original), target()))).toBe('output-exists 2');
    expect(readFileSync(target())).toEqual(Buffer.from(old));
    await writeModelFile(readModel(original), target(), { overwrite: true });
    expect(Buffer.compare(readFileSync(target()), original)).toBe(0);
    expect(statSync(target()).mode & 0o777).toBe(0o640);
  });

  test('refuses the input as output under any of its names, unless in place', async () => {
    const input = join(work, 'in.onnx');
    writeFileSync(input, original);
    linkSync(input, join(work, 'hard.onnx'));
    symlinkSync('in.onnx', join(work, 'soft.onnx'));
    const model = edited(await readModelFile(input));
    for (const name of ['in.onnx', 'hard.onnx', 'soft.onnx', './/in.onnx']) {
      const options = { input, overwrite: true };
      expect(await codeOf(() => writeModelFile(model, join(work, name), options))).toBe('output-is-input 2');
    }
    await writeModelFile(model, input, { input, inPlace: true });
    expect(Buffer.compare(readFileSync(input), original)).not.toBe(0);
    expect(Buffer.compare(readFileSync(join(work, 'hard.onnx')), original)).toBe(0);
  });

  test('says what the system says, in one line with the path', async () => {
    const path = join(work, 'nowhere', 'out.onnx');
    const caught = await failure(() => writeModelFile(readModel(original), path));
    expect(caught?.message).toBe(`cannot write the file: no such file or directory (ENOENT) (${path}) [cannot-write]`);
    mkdirSync(target());
    expect(await codeOf(() => writeModelFile(readModel(original), target(), { overwrite: true }))).toBe(
      'cannot-write 7',
    );
    expect(readdirSync(work)).toEqual(['out.onnx']);
  });

  test('stops on a signal and leaves nothing', async () => {
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(writeModelFile(readModel(original), target(), { signal })).rejects.toThrow('interrupted');
    expect(readdirSync(work)).toEqual([]);
  });

  test('writes external data beside the model, named by its content, and reads it back', async () => {
    await writeModelFile(edited(readModel(original)), target(), { externalData: 'always' });
    const files = readdirSync(work).sort();
    expect(files).toEqual(['out.onnx', expect.stringMatching(/^out\.onnx\.[0-9a-f]{16}\.data$/)]);
    expect(tensors(await readModelFile(target()))).toEqual(tensors(edited(readModel(original))));
    const once = readFileSync(target());
    await writeModelFile(edited(readModel(original)), target(), { externalData: 'always', overwrite: true });
    expect(readFileSync(target())).toEqual(once);
    expect(readdirSync(work).sort()).toEqual(files);
  });

  test('keeps external data external, brings it inside on request, and copies it for an unchanged model', async () => {
    await writeModelFile(readModel(original), target(), { externalData: 'always' });
    const model = await readModelFile(target());
    const elsewhere = join(work, 'elsewhere', 'copy.onnx');
    mkdirSync(dirname(elsewhere));
    await writeModelFile(model, elsewhere);
    expect(readFileSync(elsewhere)).toEqual(readFileSync(target()));
    expect(tensors(await readModelFile(elsewhere))).toEqual(tensors(readModel(original)));
    await writeModelFile(model, join(work, 'inline.onnx'), { externalData: 'never' });
    expect(tensors(readModel(readFileSync(join(work, 'inline.onnx'))))).toEqual(tensors(readModel(original)));
    await writeModelFile(edited(model), join(work, 'edited.onnx'));
    expect(readdirSync(work).filter((name) => /^edited\.onnx\..*\.data$/.test(name))).toHaveLength(1);
    expect(tensors(await readModelFile(join(work, 'edited.onnx')))).toEqual(tensors(edited(readModel(original))));
  });

  test('never writes data through a link out of the folder', async () => {
    mkdirSync(join(work, 'from', 'sub'), { recursive: true });
    mkdirSync(join(work, 'to'));
    mkdirSync(join(work, 'outside'));
    symlinkSync('../outside', join(work, 'to', 'sub'));
    writeFileSync(join(work, 'from', 'sub', 'w.bin'), new Uint8Array(216));
    const externalData = [{ key: 'location', value: 'sub/w.bin' }];
    const initializer = [{ name: 'w', dims: [3n, 2n, 3n, 3n], dataType: 1, dataLocation: 1, externalData }];
    writeFileSync(join(work, 'from', 'in.onnx'), bytesOf(smallModel({ initializer })));
    const model = await readModelFile(join(work, 'from', 'in.onnx'));
    expect(await codeOf(() => writeModelFile(model, join(work, 'to', 'out.onnx')))).toBe('external-data-link 4');
    expect(readdirSync(join(work, 'outside'))).toEqual([]);
    expect(readdirSync(join(work, 'to'))).toEqual(['sub']);
  });
});

interface Scenario {
  readonly before: boolean;
  readonly options: WriteFileOptions;
}

describe('when the n-th file operation fails, for every n', () => {
  const scenarios: Record<string, Scenario> = {
    'a new model': { before: false, options: {} },
    'a model in the place of another': { before: true, options: { overwrite: true } },
    'a new model with external data': { before: false, options: { externalData: 'always' } },
    'external data in the place of a model': { before: true, options: { externalData: 'always', overwrite: true } },
  };
  let points = 0;

  for (const [name, { before, options }] of Object.entries(scenarios)) {
    for (const code of ['ENOSPC', 'EACCES', 'EIO']) {
      test(`${name}: after ${code} the old output is untouched or the new one complete, and no temporary is left`, async () => {
        for (let at = 1; ; at++) {
          const folder = mkdtempSync(join(work, 'fault-'));
          const path = join(folder, 'out.onnx');
          if (before) writeFileSync(path, old);
          const { system, operations } = faultyFileSystem({ at, code });
          const caught = await failure(() => writeModelFile(edited(readModel(original)), path, { ...options, system }));
          if (operations() < at) {
            expect(caught).toBeUndefined();
            break;
          }
          points++;
          if (caught) expect(caught.diagnostic).toMatchObject({ code: 'cannot-write', exitCode: 7 });
          await expectWhole(path, before, caught === undefined);
        }
      });
    }
  }

  test('which was tried at 50 points at least', () => {
    expect(points).toBeGreaterThanOrEqual(50);
  });

  test('reading reports what failed, and leaves no file open', async () => {
    await writeModelFile(readModel(original), target(), { externalData: 'always' });
    const open = () => readdirSync('/proc/self/fd').length;
    const before = existsSync('/proc/self/fd') ? open() : 0;
    let silent = 0;
    for (let at = 1; ; at++) {
      const { system, operations } = faultyFileSystem({ at, code: 'EIO' });
      const caught = await failure(async () => tensors(await readModelFile(target(), { system })));
      if (operations() < at) break;
      // Only closing may fail unnoticed: what was read was read.
      if (caught) expect(caught.diagnostic).toMatchObject({ code: 'cannot-read', exitCode: 7 });
      else silent++;
    }
    expect(silent).toBeLessThanOrEqual(4);
    if (existsSync('/proc/self/fd')) expect(open()).toBe(before);
  });
});

async function expectWhole(path: string, before: boolean, written: boolean): Promise<void> {
  const names = readdirSync(dirname(path));
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  const isOld = before && Buffer.compare(readFileSync(path), old) === 0;
  const isNothing = !before && !existsSync(path);
  if (isOld || isNothing) {
    expect(written).toBe(false);
    expect(names).toEqual(before ? ['out.onnx'] : []);
    return;
  }
  expect(tensors(await readModelFile(path))).toEqual(tensors(edited(readModel(original))));
}

function target(): string {
  return join(work, 'out.onnx');
}

/** A change, so that nothing can be had by copying. */
function edited(model: Model): Model {
  const bytes = new Uint8Array(4096).map((_, index) => index);
  if (!model.graph.initializers.size) throw new Error('nothing to edit');
  model.graph.addInitializer('added', new Tensor('float32', [32, 32], memorySource(bytes)));
  return model;
}

function tensors(model: Model): [string, string][] {
  return [...model.graph.initializers].map(({ name, tensor }) => [
    name,
    Buffer.from(tensor?.bytes() ?? []).toString('hex'),
  ]);
}

async function failure(act: () => Promise<unknown>): Promise<DiagnosticError | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof DiagnosticError) return error;
    throw error;
  }
}

async function codeOf(act: () => Promise<unknown>): Promise<string> {
  const caught = await failure(act);
  return `${caught?.diagnostic.code} ${caught?.diagnostic.exitCode}`;
}
