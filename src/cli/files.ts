import { readFile, stat } from 'node:fs/promises';
import { diagnostics } from '../diagnostics.ts';
import { ioFailure, OutputFiles } from '../wire/index.ts';
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

/**
 * Writes a text file all or nothing.
 *
 * @throws output-exists, cannot-write, the reason of `signal`
 */
export async function writeText(path: string, text: string, { options, signal }: CommandContext): Promise<void> {
  const files = new OutputFiles({ signal });
  try {
    const staged = await files.stage(path, options.force);
    await staged.write([Buffer.from(text)]);
    await files.commit();
  } finally {
    await files.abort();
  }
}

/** @throws cannot-read */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw ioFailure('read', path, cause);
  }
}

async function statOf(path: string) {
  return stat(path, { bigint: true }).catch(() => undefined);
}
