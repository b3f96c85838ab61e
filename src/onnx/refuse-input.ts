import { diagnostics } from '../diagnostics.ts';
import type { Model } from '../ir/index.ts';
import { ExternalTensor, errorCode, type FileStatus, type FileSystem, ioFailure } from '../wire/index.ts';
import { allTensors } from './all-tensors.ts';

export interface InputFiles {
  /** The file that the model was read from: it is replaced only with `inPlace`. */
  readonly input?: string;
  readonly inPlace?: boolean;
  /** The model as it was read: the files of its external data are never replaced. */
  readonly original?: Model;
}

/**
 * Refuses to write over what the model came from, whatever name it is given by.
 *
 * @throws output-is-input, output-is-data (exit 2); cannot-read, cannot-write (exit 7)
 */
export async function refuseInput(
  path: string,
  { input, inPlace = false, original }: InputFiles,
  system: FileSystem,
): Promise<void> {
  const target = await statusOf(path, 'write', system);
  if (!target) return;
  const source = input === undefined || inPlace ? undefined : await statusOf(input, 'read', system);
  if (source && isSame(source, target)) throw diagnostics.outputIsInput(path);
  for (const { source: data } of original ? allTensors(original) : []) {
    if (data instanceof ExternalTensor && isSame(data.file.identity, target)) throw diagnostics.outputIsData(path);
  }
}

type Identity = Pick<FileStatus, 'dev' | 'ino'>;

function isSame(a: Identity, b: Identity): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

async function statusOf(path: string, action: 'read' | 'write', system: FileSystem): Promise<FileStatus | undefined> {
  try {
    return await system.stat(path);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw ioFailure(action, path, cause);
  }
}
