import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { diagnostics } from '../diagnostics.ts';
import { unreadable } from './byte-source.ts';
import { imageExtensions } from './image-files.ts';

export type FileKind = 'image' | 'npy' | 'npz' | 'raw';

/** Files of one kind, sorted by their path below `root` (by code unit, so that the order is the same everywhere). */
export interface FileList {
  readonly root: string;
  readonly kind: FileKind;
  /** Below root, with forward slashes. */
  readonly files: readonly string[];
}

const kinds: Readonly<Record<string, FileKind>> = {
  '.npy': 'npy',
  '.npz': 'npz',
  '.bin': 'raw',
  '.raw': 'raw',
  '.dat': 'raw',
  ...Object.fromEntries(imageExtensions.map((extension) => [extension, 'image'] as const)),
};

/**
 * What a data specification names: a file, a folder, or a glob.
 *
 * In a folder the images anywhere below are meant, or, where there are none, the arrays. Hidden files are left out.
 *
 * @throws unreadable-data (7) · no-data-found, mixed-data (2)
 */
export async function listFiles(spec: string): Promise<FileList> {
  const found = await stat(spec).catch((cause: NodeJS.ErrnoException) => {
    const { isGlob, base } = picomatch.scan(spec.replaceAll('\\', '/'));
    if (cause.code === 'ENOENT' && isGlob) return { glob: picomatch(spec.replaceAll('\\', '/')), base: base || '.' };
    throw unreadable(spec, cause);
  });
  if ('glob' in found) {
    const all = await filesBelow(found.base);
    return uniform(
      spec,
      found.base,
      all.filter((file) => found.glob(path.posix.join(found.base, file)) && kindOf(file)),
    );
  }
  if (found.isDirectory()) return preferImages(spec, await filesBelow(spec));
  if (!kindOf(spec)) {
    const message = `${path.extname(spec) || 'a file without extension'} is not a kind of data that is known`;
    throw diagnostics.data('no-data-found', message, { file: spec }, `known are ${Object.keys(kinds).join(' ')}`);
  }
  return uniform(spec, path.dirname(spec), [path.basename(spec)]);
}

function kindOf(file: string): FileKind | undefined {
  return kinds[path.extname(file).toLowerCase()];
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(root, cause);
  });
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => !file.split('/').some((part) => part.startsWith('.')))
    .sort((a, b) => (a < b ? -1 : 1));
}

function preferImages(spec: string, files: readonly string[]): FileList {
  const images = files.filter((file) => kindOf(file) === 'image');
  return uniform(spec, spec, images.length > 0 ? images : files.filter((file) => kindOf(file)));
}

function uniform(spec: string, root: string, files: readonly string[]): FileList {
  const kind = files[0] && kindOf(files[0]);
  if (!kind) {
    const hint = `data files end in ${Object.keys(kinds).join(' ')}`;
    throw diagnostics.data('no-data-found', 'no images or arrays found', { file: spec }, hint);
  }
  const other = files.find((file) => kindOf(file) !== kind);
  if (other || (kind === 'npz' && files.length > 1)) {
    const message = other ? `${files[0]} and ${other} are different kinds of data` : 'more than one .npz archive';
    throw diagnostics.data('mixed-data', message, { file: spec }, 'give files of one kind, or one archive');
  }
  return { root, kind, files };
}
