import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const digits = join(root, 'examples/digits');
const cli = join(root, 'dist/src/cli/main.js');

/** A folder as a user has it: packages under node_modules, this one among them as built. */
export interface Workspace {
  readonly folder: string;
  readonly path: (name: string) => string;
  readonly remove: () => void;
  /** The built command, run in the folder. */
  readonly command: (options: readonly string[]) => Run;
  /** Node, run in the folder. */
  readonly node: (options: readonly string[]) => Run;
}

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  /** Everything printed, for messages of failed expectations. */
  readonly output: string;
}

export function makeWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-package-'));
  linkPackage(folder, 'onnx-tucker', root);
  const node = (options: readonly string[]) => runNode(folder, options);
  return {
    folder,
    path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true, force: true }),
    command: (options) => node([cli, ...options]),
    node,
  };
}

/** node_modules/NAME as a link to a package that lies elsewhere. */
export function linkPackage(folder: string, name: string, target: string): void {
  const link = join(folder, 'node_modules', name);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(target, link);
}

/** node_modules/NAME as a copy, which resolves its own imports from where it lies now. */
export function copyPackage(folder: string, name: string, source: string): string {
  const target = join(folder, 'node_modules', name);
  cpSync(source, target, { recursive: true });
  return target;
}

function runNode(cwd: string, options: readonly string[]): Run {
  const env = { ...process.env, NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { cwd, env, encoding: 'utf8' });
  return { status, stdout, output: stdout + stderr };
}
