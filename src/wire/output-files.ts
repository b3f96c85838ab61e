import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { diagnostics } from '../diagnostics.ts';
import { type FileStatus, type FileSystem, nodeFileSystem } from './file-system.ts';
import { errorCode, ioFailure } from './io-failure.ts';
import { StagedFile } from './staged-file.ts';
import { forgetTemporary, registerTemporary } from './temporaries.ts';

export interface OutputOptions {
  readonly system?: FileSystem;
  readonly signal?: AbortSignal;
}

/**
 * Files that appear together or not at all: each is written beside its target under a name of its own, all are on the
 * disk before the first is renamed, and they are renamed in the order in which they were staged, so that whoever finds
 * the last one (the model) finds the others. After any failure the targets are as before and no temporary is left.
 */
export class OutputFiles {
  readonly #system: FileSystem;
  readonly #signal: AbortSignal | undefined;
  readonly #staged: StagedFile[] = [];

  constructor({ system = nodeFileSystem, signal }: OutputOptions = {}) {
    this.#system = system;
    this.#signal = signal;
  }

  /** Opens a temporary file beside `target`. */
  async stage(target: string, overwrite: boolean): Promise<StagedFile> {
    const path = join(dirname(target), `.onnx-tucker-${randomBytes(8).toString('hex')}.tmp`);
    registerTemporary(path);
    try {
      const file = await this.#system.open(path, 'wx', 0o666);
      const staged = new StagedFile(path, file, { path: target, overwrite }, this.#signal);
      this.#staged.push(staged);
      return staged;
    } catch (cause) {
      forgetTemporary(path);
      throw ioFailure('write', target, cause);
    }
  }

  /** @throws cannot-write (exit 7), output-exists (exit 2), the signal's reason; nothing has changed then */
  async commit(): Promise<void> {
    const placed: StagedFile[] = [];
    try {
      for (const staged of this.#staged) await this.#finish(staged);
      this.#signal?.throwIfAborted();
      for (const staged of this.#staged) {
        await this.#place(staged);
        placed.push(staged);
      }
    } catch (cause) {
      await this.#takeBack(placed);
      await this.abort();
      throw cause;
    }
    this.#staged.length = 0;
    for (const folder of new Set(placed.map(({ target }) => dirname(target.path)))) await this.#syncFolder(folder);
  }

  /** Removes all temporaries. */
  async abort(): Promise<void> {
    for (const staged of this.#staged) {
      await staged.close().catch(() => undefined);
      await this.#remove(staged.path);
      forgetTemporary(staged.path);
    }
    this.#staged.length = 0;
  }

  async #finish(staged: StagedFile): Promise<void> {
    const { path, overwrite } = staged.target;
    try {
      const before = await statusOf(path, this.#system);
      if (before) {
        if (!overwrite) throw diagnostics.outputExists(path);
        if (!before.isFile() && !before.isSymbolicLink()) throw notAFile(path);
        if (before.isFile()) await staged.chmod(Number(before.mode & 0o777n));
        staged.replaces = true;
      }
      await staged.sync();
      await staged.close();
    } catch (cause) {
      throw ioFailure('write', path, cause);
    }
  }

  /** A link fails where a file is; rename would replace a file that appeared in the meantime. */
  async #place(staged: StagedFile): Promise<void> {
    const { path, overwrite } = staged.target;
    try {
      if (overwrite || !(await this.#linked(staged.path, path))) await this.#system.rename(staged.path, path);
    } catch (cause) {
      throw errorCode(cause) === 'EEXIST' ? diagnostics.outputExists(path) : ioFailure('write', path, cause);
    }
    forgetTemporary(staged.path);
  }

  /** False where the file system knows no links: then the check before has to do. */
  async #linked(temporary: string, path: string): Promise<boolean> {
    try {
      await this.#system.link(temporary, path);
    } catch (cause) {
      if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(cause) ?? '')) return false;
      throw cause;
    }
    // The output is complete; should this fail, one more try is made, and a second name does no harm.
    await this.#remove(temporary);
    return true;
  }

  /** Files that were put where nothing was go again when a later one fails. A replaced one stays: it is complete. */
  async #takeBack(placed: readonly StagedFile[]): Promise<void> {
    for (const { target, replaces } of placed) if (!replaces) await this.#remove(target.path);
  }

  async #remove(path: string): Promise<void> {
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        return await this.#system.unlink(path);
      } catch (cause) {
        if (errorCode(cause) === 'ENOENT') return;
      }
    }
  }

  /** The rename itself must reach the disk. Some systems do not let folders be opened: they do it on their own. */
  async #syncFolder(folder: string): Promise<void> {
    try {
      const file = await this.#system.open(folder, 'r');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (cause) {
      if (['EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'].includes(errorCode(cause) ?? '')) return;
      throw ioFailure('write', folder, cause);
    }
  }
}

async function statusOf(path: string, system: FileSystem): Promise<FileStatus | undefined> {
  try {
    return await system.lstat(path);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}

function notAFile(path: string) {
  return diagnostics.ioFailure('write', path, 'it is not a regular file');
}
