import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { unreadable } from './byte-source.ts';

/**
 * One file: its sha256. Several: the sha256 of the list that `sha256sum` prints for them, with names below `root`, so
 * that it is the same on every machine and changes when a file is renamed, which may change its label.
 */
export async function hashFiles(root: string, files: readonly string[]): Promise<string> {
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0) return hashFile(only);
  const list = createHash('sha256');
  for (const file of files) {
    const name = path.relative(root, file).split(path.sep).join('/');
    list.update(`${await hashFile(file)}  ${name}\n`);
  }
  return list.digest('hex');
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  return hash.digest('hex');
}
