import { dirname, join } from 'node:path';
import { diagnostics } from '../diagnostics.ts';
import type { Model } from '../ir/index.ts';
import {
  closeQuietly,
  type ExternalFile,
  ExternalTensor,
  errorCode,
  type FileSystem,
  ioFailure,
  locationComponents,
  nodeFileSystem,
  type OutputFiles,
} from '../wire/index.ts';
import { allTensors } from './all-tensors.ts';

const pieceBytes = 8 * 2 ** 20;

/**
 * Takes the data files of an unchanged model along to the folder of `target`, under the names that the model gives them.
 * Where the target's folder is the model's, they are there already.
 *
 * @throws output-exists, output-is-data, external-data-link, cannot-read, cannot-write
 */
export async function copyExternal(
  model: Model,
  target: string,
  overwrite: boolean,
  output: OutputFiles,
  system: FileSystem = nodeFileSystem,
): Promise<void> {
  const files = new Set<ExternalFile>();
  for (const { source } of allTensors(model)) if (source instanceof ExternalTensor) files.add(source.file);
  for (const file of files) {
    const path = await targetPath(file, dirname(target), system);
    if (path === join(target)) throw diagnostics.outputIsData(path);
    if (await isSame(file, path, system)) continue;
    const staged = await output.stage(path, overwrite);
    await staged.write(piecesOf(file, system));
  }
}

/** Where the copy goes. Folders on the way are made; a link among them is refused, as it is when reading. */
async function targetPath(file: ExternalFile, folder: string, system: FileSystem): Promise<string> {
  const components = locationComponents(file.location, file.location);
  let path = folder;
  for (const component of components.slice(0, -1)) {
    path = join(path, component);
    try {
      await system.mkdir(path);
    } catch (cause) {
      if (errorCode(cause) !== 'EEXIST') throw ioFailure('write', path, cause);
      if (!(await system.lstat(path)).isDirectory()) {
        throw diagnostics.unsafeModel(
          'external-data-link',
          `external data would be written through ${path}, which is no folder`,
          {},
        );
      }
    }
  }
  return join(path, components.at(-1) ?? '');
}

async function isSame(file: ExternalFile, path: string, system: FileSystem): Promise<boolean> {
  try {
    const { dev, ino } = await system.stat(path);
    return dev === file.identity.dev && ino === file.identity.ino;
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return false;
    throw ioFailure('write', path, cause);
  }
}

function* piecesOf(file: ExternalFile, system: FileSystem): Generator<Uint8Array> {
  const { descriptor } = file.open();
  try {
    for (let position = 0n; position < file.size; ) {
      // A new buffer each time: the one before may not be written yet.
      const buffer = Buffer.allocUnsafeSlow(pieceBytes);
      const count = system.readSync(descriptor, buffer, 0, pieceBytes, position);
      if (count === 0)
        throw diagnostics.io('external-data-changed', 'the file changed while the model was in use', {
          file: file.path,
        });
      yield buffer.subarray(0, count);
      position += BigInt(count);
    }
  } catch (cause) {
    throw ioFailure('read', file.path, cause);
  } finally {
    closeQuietly(descriptor, system);
  }
}
