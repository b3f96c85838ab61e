import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DiagnosticError } from '../../src/diagnostics.ts';
import { ExternalFolder, type FileSystem, nodeFileSystem } from '../../src/wire/index.ts';

const secret = 'secret';
let base: string;
let folder: string;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'onnx-tucker-external-'));
  folder = join(base, 'model');
  mkdirSync(join(folder, 'sub', 'deep'), { recursive: true });
  mkdirSync(join(base, 'model-evil'));
  mkdirSync(join(base, 'cache'));
  for (const path of ['secret.bin', 'model-evil/secret.bin', 'cache/blob']) writeFileSync(join(base, path), secret);
  for (const path of ['w.bin', 'sub/w.bin', 'sub/deep/w.bin', 'ünïcode.bin', '..w', 'w..', ' w', '%2e%2e'])
    writeFileSync(join(folder, path), 'inside');
  symlinkSync('../secret.bin', join(folder, 'link-out'));
  symlinkSync(join(base, 'secret.bin'), join(folder, 'link-absolute'));
  symlinkSync('w.bin', join(folder, 'link-inside'));
  symlinkSync('link-out', join(folder, 'link-to-link'));
  symlinkSync('nowhere', join(folder, 'link-dangling'));
  symlinkSync('link-loop', join(folder, 'link-loop'));
  symlinkSync('..', join(folder, 'folder-link'));
  symlinkSync('sub', join(folder, 'folder-link-inside'));
  symlinkSync('/', join(folder, 'sub', 'root'));
  symlinkSync('../../cache/blob', join(folder, 'sub', 'cached'));
  linkSync(join(base, 'secret.bin'), join(folder, 'hard'));
  linkSync(join(base, 'cache', 'blob'), join(base, 'cache', 'blob2'));
  symlinkSync('../cache/blob2', join(folder, 'cached-hard'));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
});

afterAll(() => {
  rmSync(base, { recursive: true });
});

const outside = { code: 'external-data-outside', exitCode: 4 };
const link = { code: 'external-data-link', exitCode: 4 };
const missing = { code: 'cannot-read', exitCode: 7 };

const refused: readonly (readonly [string, { code: string; exitCode: number }])[] = [
  ['../secret.bin', outside],
  ['./../secret.bin', outside],
  ['sub/../../secret.bin', outside],
  ['sub/..', outside],
  ['sub/../w.bin', outside],
  ['..', outside],
  ['../', outside],
  ['../model/w.bin', outside],
  ['../model-evil/secret.bin', outside],
  ['sub/deep/../../../secret.bin', outside],
  ['.//..//secret.bin', outside],
  ['../../../../../../../../etc/passwd', outside],
  ['/etc/passwd', outside],
  ['//etc/passwd', outside],
  ['/', outside],
  ['/proc/self/environ', outside],
  ['/dev/zero', outside],
  ['', outside],
  ['.', outside],
  ['./', outside],
  ['./.', outside],
  ['sub/', outside],
  ['w.bin/', outside],
  ['w.bin\0', outside],
  ['w.bin\0.png', outside],
  ['\0', outside],
  ['..\\secret.bin', outside],
  ['sub\\..\\..\\secret.bin', outside],
  ['\\\\server\\share\\w.bin', outside],
  ['\\\\?\\C:\\w.bin', outside],
  ['\\\\.\\pipe\\x', outside],
  ['C:\\windows\\win.ini', outside],
  ['C:/windows/win.ini', outside],
  ['c:w.bin', outside],
  ['z:', outside],
  ['sub/..\\..\\secret.bin', outside],
  ['sub', outside],
  ['sub/deep', outside],
  ['fifo', outside],
  ['link-out', link],
  ['link-absolute', link],
  ['link-inside', link],
  ['link-to-link', link],
  ['link-dangling', link],
  ['link-loop', link],
  ['./link-out', link],
  ['folder-link/secret.bin', link],
  ['folder-link/model/w.bin', link],
  ['folder-link-inside/w.bin', link],
  ['folder-link', link],
  ['sub/root/etc/passwd', link],
  ['sub/cached', link],
  ['hard', link],
  ['./hard', link],
  ['nothing.bin', missing],
  ['sub/nothing.bin', missing],
  ['w.bin/w.bin', missing],
  ['file:///etc/passwd', missing],
  ['http://example.com/w.bin', missing],
  ['~/secret.bin', missing],
  ['$HOME/w.bin', missing],
  ['%2e%2e/secret.bin', missing],
  ['.../secret.bin', missing],
  ['x'.repeat(5000), missing],
];

describe('external data', () => {
  test('the table of attacks has at least 60 cases', () => {
    expect(refused.length).toBeGreaterThanOrEqual(60);
  });

  test.each(refused)('at %j is refused', (location, expected) => {
    const caught = caughtFrom(() => read(location));
    expect({ code: caught?.code, exitCode: caught?.exitCode }).toEqual(expected);
  });

  test.each(['w.bin', './w.bin', 'sub/w.bin', 'sub//w.bin', 'sub/./deep/w.bin', 'ünïcode.bin', '..w', 'w..', ' w'])(
    'at %j is read',
    (location) => {
      expect(read(location)).toBe('inside');
    },
  );

  test.each([
    ['past the end', 4n, 3n],
    ['from beyond the end', 7n, 0n],
    ['of 2^62 bytes', 0n, 2n ** 62n],
    ['at 2^62', 2n ** 62n, 2n ** 62n],
  ] as const)('%s is refused', (_, offset, length) => {
    const caught = caughtFrom(() =>
      new ExternalFolder(folder).resolve({ tensor: 't', location: 'w.bin', offset, length }),
    );
    expect(caught).toMatchObject({ code: 'external-data-range', exitCode: 3, where: { tensor: 't' } });
  });

  test('may be linked into an allowed root, also by a hard link, and nowhere else', () => {
    const roots = [join(base, 'cache')];
    expect(read('sub/cached', { roots })).toBe(secret);
    expect(read('cached-hard', { roots })).toBe(secret);
    expect(caughtFrom(() => read('link-out', { roots }))).toMatchObject(outside);
    expect(caughtFrom(() => read('../cache/blob', { roots }))).toMatchObject(outside);
    expect(caughtFrom(() => read('hard', { roots }))).toMatchObject(link);
    expect(caughtFrom(() => read('fifo', { roots }))).toMatchObject(outside);
  });

  test('is refused when the file is exchanged for a link between the checks and the opening', () => {
    const victim = join(folder, 'victim.bin');
    for (const when of ['openSync', 'fstatSync', 'realpathSync', 'lstatSync'] as const) {
      writeFileSync(victim, 'inside');
      const system = interposed(when, () => {
        rmSync(victim, { force: true });
        symlinkSync('../secret.bin', victim);
      });
      expect(outcome(() => read('victim.bin', { system }))).not.toBe(secret);
      rmSync(victim);
    }
  });

  test('is refused when a folder is exchanged for a link between the checks and the opening', () => {
    mkdirSync(join(base, 'other'));
    writeFileSync(join(base, 'other', 'w.bin'), secret);
    for (const when of ['openSync', 'fstatSync', 'realpathSync'] as const) {
      mkdirSync(join(folder, 'swap'));
      writeFileSync(join(folder, 'swap', 'w.bin'), 'inside');
      const system = interposed(when, () => {
        renameSync(join(folder, 'swap'), join(folder, 'swapped'));
        symlinkSync('../other', join(folder, 'swap'));
      });
      expect(outcome(() => read('swap/w.bin', { system }))).not.toBe(secret);
      for (const name of ['swap', 'swapped']) rmSync(join(folder, name), { recursive: true, force: true });
    }
  });

  test('is read beyond 4 GiB, where 32 bits end', () => {
    const path = join(folder, 'sparse.bin');
    const offset = 5 * 2 ** 30 + 3;
    const file = openSync(path, 'w');
    writeSync(file, 'inside', offset);
    closeSync(file);
    const tensor = new ExternalFolder(folder).resolve({
      tensor: 't',
      location: 'sparse.bin',
      offset: BigInt(offset),
      length: 6n,
    });
    expect(Buffer.from(tensor.read()).toString()).toBe('inside');
    rmSync(path);
  });

  test('that changes after the model was read is refused', () => {
    const path = join(folder, 'changing.bin');
    writeFileSync(path, 'inside');
    const tensor = new ExternalFolder(folder).resolve({
      tensor: 't',
      location: 'changing.bin',
      offset: 0n,
      length: 6n,
    });
    expect(Buffer.from(tensor.read()).toString()).toBe('inside');
    writeFileSync(path, 'shorter than it was');
    expect(caughtFrom(() => tensor.read())).toMatchObject({ code: 'external-data-changed', exitCode: 7 });
  });
});

function read(location: string, options: { roots?: string[]; system?: FileSystem } = {}): string {
  const tensor = new ExternalFolder(folder, options).resolve({ tensor: 't', location, offset: 0n, length: 6n });
  return Buffer.from(tensor.read()).toString();
}

/** The real file system, where something happens just before the last checks of one kind. */
function interposed(when: 'openSync' | 'fstatSync' | 'realpathSync' | 'lstatSync', act: () => void): FileSystem {
  let done = false;
  // The folder itself is resolved first; that is not yet the file.
  let early = when === 'realpathSync' ? 1 : 0;
  const call = nodeFileSystem[when] as (...values: unknown[]) => unknown;
  return {
    ...nodeFileSystem,
    [when]: (...values: unknown[]) => {
      if (early-- <= 0 && !done) {
        done = true;
        act();
      }
      return call(...values);
    },
  };
}

function outcome(act: () => string): string | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

function caughtFrom(act: () => unknown) {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostic;
    throw error;
  }
}
