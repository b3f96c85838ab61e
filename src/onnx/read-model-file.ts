import { dirname } from 'node:path';
import { inFile } from '../diagnostics.ts';
import type { Model } from '../ir/index.ts';
import { ExternalFolder, type FileSystem, type Limits, readBytes } from '../wire/index.ts';
import { readModel } from './read-model.ts';

export interface ReadFileOptions {
  readonly limits?: Partial<Limits>;
  /** Folders beside the model's own from which external data may come; links are followed inside them. */
  readonly externalRoots?: readonly string[];
  readonly system?: FileSystem;
}

/**
 * ONNX file → Model. External data is checked now and read when asked for.
 *
 * @throws what {@link readModel} throws; cannot-read (exit 7); external-data-outside, external-data-link (exit 4)
 */
export async function readModelFile(path: string, options: ReadFileOptions = {}): Promise<Model> {
  const { limits, externalRoots = [], system } = options;
  const bytes = await readBytes(path, system);
  let folder: ExternalFolder | undefined;
  try {
    return readModel(bytes, {
      file: path,
      ...(limits && { limits }),
      external: (place) => {
        folder ??= new ExternalFolder(dirname(path), { roots: externalRoots, ...(system && { system }) });
        return folder.resolve(place);
      },
    });
  } catch (cause) {
    // Nodes and tensors are found where no path is known.
    throw inFile(cause, path);
  }
}
