import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';

export const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
}

export interface Room {
  /** Where the command works. */
  readonly folder: string;
  /** What it takes for the system's temporary folder. */
  readonly temporary: string;
  /** What it takes for the user's home. */
  readonly home: string;
}

let base = '';

/** A folder to work in, a temporary folder and a home of its own: whatever is left in one of them is the command's. */
export function useRooms(): () => Promise<Room> {
  let rooms = 0;
  beforeAll(async () => {
    if (!existsSync(main)) throw new Error('the built command is missing: run "npm run build" first');
    base = await mkdtemp(join(tmpdir(), 'cli-process-'));
  });
  afterAll(() => rm(base, { recursive: true, force: true }));
  return async () => {
    rooms += 1;
    const [folder, temporary, home] = ['work', 'tmp', 'home'].map((name) => join(base, `${rooms}`, name));
    const room = { folder, temporary, home } as Room;
    for (const path of Object.values(room)) await mkdir(path, { recursive: true });
    return room;
  };
}

/** Starts a program in a process group of its own: {@link isGroupAlive} then tells of its children as well. */
export function start(program: string, argv: readonly string[], { folder, temporary, home }: Room): Started {
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: temporary };
  const child = spawn(program, argv, { cwd: folder, env, detached: true, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      output[name] += chunk.toString();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { process: child, ended };
}

/** The command itself. */
export function startCommand(argv: readonly string[], room: Room): Started {
  return start(process.execPath, [main, ...argv], room);
}

/** A shell script in which "$@" is the command. */
export function startInShell(script: string, room: Room): Started {
  return start('bash', ['-c', script, 'bash', process.execPath, main], room);
}

export function isGroupAlive({ process: child }: Started): boolean {
  try {
    process.kill(-(child.pid as number), 0);
    return true;
  } catch {
    return false;
  }
}
