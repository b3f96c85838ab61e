import { constants } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { diagnostics } from '../diagnostics.ts';
import { locationComponents } from './external-location.ts';
import { closeQuietly, ExternalFile, ExternalTensor, type Opened } from './external-tensor.ts';
import { type FileStatus, type FileSystem, nodeFileSystem } from './file-system.ts';
import { errorCode, ioFailure } from './io-failure.ts';

/** Where a tensor's bytes lie outside the model file. */
export interface ExternalPlace {
  readonly tensor: string;
  /** Relative to the model's folder, as the file says; not yet checked. */
  readonly location: string;
  readonly offset: bigint;
  readonly length: bigint;
}

export interface ExternalOptions {
  /**
   * Folders in which data may lie beside the model's own. Inside them, links are followed: this is for download caches,
   * which are made of links.
   */
  readonly roots?: readonly string[];
  readonly system?: FileSystem;
}

/**
 * Opens the external data of the models of one folder. Nothing outside it, or outside an allowed root, is ever read:
 * 1. the location is relative, without `..`, NUL, drive, backslash;
 * 2. no component is a link, unless it leads into an allowed root;
 * 3. the file is opened without following a link, and what was opened must be, by device and inode, the file that the
 *    real path names inside the folder: a component swapped for a link after step 2 is found here;
 * 4. it is a regular file with one name (a hard link is a way out), unless it lies in an allowed root;
 * 5. offset + length lie within it.
 * It is opened again for every read, so that thousands of files need no descriptors, and must then be the same.
 *
 * Rejected: comparing paths as strings, which failed three times elsewhere.
 */
export class ExternalFolder {
  readonly #folder: string;
  readonly #roots: readonly string[];
  readonly #system: FileSystem;
  readonly #files = new Map<string, ExternalFile>();

  constructor(folder: string, { roots = [], system = nodeFileSystem }: ExternalOptions = {}) {
    this.#system = system;
    this.#folder = this.#real(folder);
    this.#roots = roots.map((root) => this.#real(root));
  }

  /**
   * @throws external-data-outside, external-data-link (exit 4); external-data-range (exit 3); cannot-read (exit 7)
   */
  resolve({ tensor, location, offset, length }: ExternalPlace): ExternalTensor {
    let file = this.#files.get(location);
    if (!file) {
      file = new ExternalFile(location, join(this.#folder, location), this.#check(location, tensor), () =>
        this.#open(location, tensor),
      );
      this.#files.set(location, file);
    }
    if (offset + length > file.size) {
      throw diagnostics.invalidModel(
        'external-data-range',
        `bytes ${offset} to ${offset + length} are wanted of "${location}", which has ${file.size}`,
        { tensor },
        'The data file is cut off or belongs to another model',
      );
    }
    return new ExternalTensor(file, offset, Number(length), this.#system);
  }

  #check(location: string, tensor: string): FileStatus {
    const { descriptor, status } = this.#open(location, tensor);
    closeQuietly(descriptor, this.#system);
    return status;
  }

  #open(location: string, tensor: string): Opened {
    const components = locationComponents(location, tensor);
    const path = join(this.#folder, ...components);
    try {
      const linked = this.#hasLink(components);
      if (linked && this.#roots.length === 0) throw link(location, tensor, linked);
      const flags = constants.O_RDONLY | constants.O_NONBLOCK | (linked ? 0 : (constants.O_NOFOLLOW ?? 0));
      const descriptor = this.#system.openSync(path, flags);
      try {
        return { descriptor, status: this.#inspect(descriptor, path, location, tensor) };
      } catch (cause) {
        closeQuietly(descriptor, this.#system);
        throw cause;
      }
    } catch (cause) {
      if (errorCode(cause) === 'ELOOP') throw link(location, tensor, location);
      throw ioFailure('read', path, cause);
    }
  }

  #inspect(descriptor: number, path: string, location: string, tensor: string): FileStatus {
    const status = this.#system.fstatSync(descriptor);
    if (!status.isFile()) throw outside(location, tensor, 'it is not a regular file');
    const real = this.#real(path);
    const named = this.#system.lstatSync(real);
    if (named.dev !== status.dev || named.ino !== status.ino)
      throw outside(location, tensor, 'the file was exchanged while it was opened');
    if (this.#roots.some((root) => isInside(root, real))) return status;
    if (!isInside(this.#folder, real)) throw outside(location, tensor, "it leads out of the model's folder");
    if (status.nlink !== 1n) throw link(location, tensor, location);
    return status;
  }

  /** The first component that is a symbolic link. */
  #hasLink(components: readonly string[]): string | undefined {
    let path = this.#folder;
    for (const component of components) {
      path = join(path, component);
      if (this.#system.lstatSync(path).isSymbolicLink()) return component;
    }
    return undefined;
  }

  #real(path: string): string {
    try {
      return this.#system.realpathSync(resolve(path));
    } catch (cause) {
      throw ioFailure('read', path, cause);
    }
  }
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function outside(location: string, tensor: string, reason: string) {
  return diagnostics.unsafeModel('external-data-outside', `external data at ${JSON.stringify(location)}: ${reason}`, {
    tensor,
  });
}

function link(location: string, tensor: string, component: string) {
  return diagnostics.unsafeModel(
    'external-data-link',
    `external data at ${JSON.stringify(location)}: "${component}" is a link`,
    { tensor },
    'Copy the file there, or allow the folder it leads to with --external-root',
  );
}
