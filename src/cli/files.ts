import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { diagnostics } from '../diagnostics.ts';
import { type Plan, planSchema } from '../rewrite/index.ts';
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

const versioned = z.looseObject({ version: z.unknown() });

/** @throws invalid-plan where the file is no plan, or one of another version */
export async function readPlan(path: string): Promise<Plan> {
  const json = parseJson(await readText(path), path);
  const { success, data } = versioned.safeParse(json);
  if (success && data.version !== 1) {
    throw diagnostics.invalidPlan(
      path,
      `version ${String(data.version)} is not known`,
      'This release reads version 1.',
    );
  }
  const plan = planSchema.safeParse(json);
  if (plan.success) return plan.data;
  const [issue] = plan.error.issues;
  throw diagnostics.invalidPlan(path, `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw diagnostics.invalidPlan(path, cause instanceof Error ? cause.message : 'not JSON');
  }
}

async function statOf(path: string) {
  return stat(path, { bigint: true }).catch(() => undefined);
}
