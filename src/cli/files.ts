import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diagnostics } from '../diagnostics.ts';
import type { CommandContext } from './command.ts';
import type { ModelInput } from './engine.ts';

/** `-` is standard input or output. */
export const standardStream = '-';

/** A path as it is, `-` as the bytes of standard input. */
export async function readInput(path: string, context: CommandContext): Promise<ModelInput> {
  return path === standardStream ? context.readStdin() : path;
}

/** The same file, whatever its names. */
export async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([statOf(one), statOf(other)]);
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/**
 * Asked before the work begins, so that nobody waits for a refusal; the writer asks again.
 *
 * @throws output-exists
 */
export async function refuseExisting(path: string, force: boolean): Promise<void> {
  if (!force && (await statOf(path))) throw diagnostics.outputExists(path);
}

/** Writes a text file all or nothing: a temporary file beside it, renamed when it is on the disk. */
export async function writeText(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
}

async function statOf(path: string) {
  return stat(path, { bigint: true }).catch(() => undefined);
}
