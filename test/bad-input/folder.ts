import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { concatenate, encodeModelProto, type ModelProto } from '../../src/wire/index.ts';
import { op, through, weight } from '../hard-models/build.ts';

const kernel = [8, 8, 3, 3];

/** x → Conv(w) → y, small and in order. */
export function goodModel(): ModelProto {
  return through([op('Conv', 'x w', 'y', {}, { name: 'conv' })], [weight('w', kernel)], [1, 8, 9, 9]);
}

export function bytesOf(model: ModelProto): Uint8Array {
  return concatenate(encodeModelProto(model));
}

/** A pipeline that rewrites the good model, fast. */
export const quick = ['--pipeline', 'ratio-ranks{params=0.5,ends=fit},tucker-2', '--no-bench'];

const made: string[] = [];
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bad-input-'));
  made.push(folder);
  const home = join(folder, 'home');
  await mkdir(home);
  return home;
}

/** Everything below a folder: files by their bytes, links by their targets. What has no name here was not there. */
export async function snapshot(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true });
  const seen: [string, string][] = [];
  for (const name of entries.sort()) {
    const path = join(folder, name);
    const status = await lstat(path);
    if (status.isSymbolicLink()) seen.push([name, `→ ${await readlink(path)}`]);
    else seen.push([name, status.isFile() ? (await readFile(path)).toString('base64') : 'folder']);
  }
  return Object.fromEntries(seen);
}
