import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, type Json } from './canonical-json.ts';
import { decodeEntry, encodeEntry } from './entry.ts';

/** A store of bytes by what they answer. Losing it costs time and nothing else, so nothing in it ever throws for I/O. */
export interface Cache {
  /** The bytes last put under an equal key; undefined where there are none, or only damaged ones. */
  get(key: Json): Promise<Uint8Array | undefined>;
  put(key: Json, bytes: Uint8Array): Promise<void>;
}

/**
 * A cache in a folder, which is made when the first value is put, or in memory.
 *
 * A value lies in a file of its own, named by the sha256 of its key's canonical JSON, with the key itself beside it. It is
 * written under another name and renamed: processes that share the folder see a whole value or none, and the last one
 * wins. What a folder does not take, because it is read-only or full, is remembered for this run.
 *
 * @param folder undefined: in memory only
 */
export function openCache(folder: string | undefined): Cache {
  const memory = new Map<string, Uint8Array>();
  const fileOf = (key: string) => folder && join(folder, `${createHash('sha256').update(key).digest('hex')}.cache`);
  return {
    async get(key) {
      const text = canonicalJson(key);
      const file = fileOf(text);
      return memory.get(text)?.slice() ?? (file ? read(file, text) : undefined);
    },
    async put(key, bytes) {
      const text = canonicalJson(key);
      const file = fileOf(text);
      if (file && (await write(file, encodeEntry(text, bytes)))) memory.delete(text);
      else memory.set(text, bytes.slice());
    },
  };
}

async function read(file: string, key: string): Promise<Uint8Array | undefined> {
  try {
    return decodeEntry(key, await readFile(file));
  } catch {
    return undefined;
  }
}

/** Whether the file is there now. */
async function write(file: string, bytes: Uint8Array): Promise<boolean> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(draft, bytes);
    await rename(draft, file);
    return true;
  } catch {
    await rm(draft, { force: true }).catch(() => {});
    return false;
  }
}
