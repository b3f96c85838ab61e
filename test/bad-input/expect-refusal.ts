import { join } from 'node:path';
import { expect } from '@jest/globals';
import { library } from '../../src/cli/library.ts';
import { call, type Outcome } from '../cli/fake-engine.ts';
import { newFolder, snapshot } from './folder.ts';

export interface BadCase {
  readonly name: string;
  readonly code: number;
  /** The code of the diagnostic. */
  readonly error: string;
  /** What, where and what to do, each somewhere in the message. */
  readonly says: readonly (string | RegExp)[];
  /** Prepares the folder and gives the command line. Paths are absolute. */
  argv(folder: string): Promise<readonly string[]>;
}

/**
 * Runs the command with the real library. Refused means: the exit code; one error, with its code, in words; nothing on
 * stdout; every file of the folder as it was, and none new.
 */
export async function expectRefusal({ code, error, says, argv }: BadCase): Promise<void> {
  const folder = await newFolder();
  const line = await argv(folder);
  const before = await snapshot(join(folder, '..'));
  const outcome = await call([...line, '--quiet'], library, { cwd: folder });
  expectMessage(outcome, code, error, says);
  expect(await snapshot(join(folder, '..'))).toEqual(before);
}

export function expectMessage(
  { code, stdout, stderr }: Outcome,
  exit: number,
  error: string,
  says: BadCase['says'],
): void {
  expect(stderr.match(/^(error\[[a-z-]+\]|internal error)/gm)).toEqual([`error[${error}]`]);
  for (const part of says) expect(stderr).toMatch(part);
  expect(stderr).not.toMatch(/^ {4}at |\[object |(?<!received )undefined|NaN/m);
  expect([code, stdout]).toEqual([exit, '']);
}
