import { closeSync, fstatSync, lstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { link, lstat, mkdir, open, rename, stat, unlink } from 'node:fs/promises';

export interface FileStatus {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly nlink: bigint;
  readonly size: bigint;
  readonly mode: bigint;
  readonly mtimeNs: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

export interface OpenFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number | null): Promise<{ bytesRead: number }>;
  writev(pieces: readonly Uint8Array[]): Promise<{ bytesWritten: number }>;
  stat(): Promise<FileStatus>;
  chmod(mode: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The operations on files that this room uses, so that a test can make the n-th one fail. External data is read
 * synchronously, because tensors are read where numbers are computed; everything else is asynchronous.
 */
export interface FileSystem {
  open(path: string, flags: string | number, mode?: number): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string): Promise<void>;
  stat(path: string): Promise<FileStatus>;
  lstat(path: string): Promise<FileStatus>;
  openSync(path: string, flags: number): number;
  fstatSync(descriptor: number): FileStatus;
  readSync(descriptor: number, buffer: Uint8Array, offset: number, length: number, position: bigint): number;
  closeSync(descriptor: number): void;
  lstatSync(path: string): FileStatus;
  realpathSync(path: string): string;
}

export const nodeFileSystem: FileSystem = {
  open: async (path, flags, mode) => {
    const file = await open(path, flags, mode);
    return {
      read: (buffer, offset, length, position) => file.read(buffer, offset, length, position),
      writev: (pieces) => file.writev(pieces),
      stat: () => file.stat({ bigint: true }),
      chmod: (bits) => file.chmod(bits),
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  rename,
  link,
  unlink,
  mkdir: async (path) => {
    await mkdir(path);
  },
  stat: (path) => stat(path, { bigint: true }),
  lstat: (path) => lstat(path, { bigint: true }),
  openSync,
  fstatSync: (descriptor) => fstatSync(descriptor, { bigint: true }),
  readSync: (descriptor, buffer, offset, length, position) => readSync(descriptor, buffer, offset, length, position),
  closeSync,
  lstatSync: (path) => lstatSync(path, { bigint: true }),
  realpathSync: (path) => realpathSync.native(path),
};
