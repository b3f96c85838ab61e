import { type FileSystem, nodeFileSystem, type OpenFile } from '../../src/wire/index.ts';

export interface Faults {
  /** Which operation fails, counted from 1 over everything that touches the disk. */
  readonly at: number;
  readonly code: string;
}

/** The real file system, whose n-th operation does nothing but fail. */
export function faultyFileSystem({ at, code }: Faults): { system: FileSystem; operations: () => number } {
  let count = 0;
  const strike = (name: string) => {
    count++;
    if (count === at) throw Object.assign(new Error(`${code}: injected, ${name}`), { code, errno: -1, syscall: name });
  };
  const wrap = <Target extends object>(target: Target, asynchronous: (name: string) => boolean): Target =>
    Object.fromEntries(
      Object.entries(target).map(([name, call]) => [
        name,
        asynchronous(name)
          ? async (...values: unknown[]) => {
              // What cannot be undone is done: a close that fails has closed, here as on Linux.
              if (name === 'close') await call(...values);
              strike(name);
              if (name === 'close') return undefined;
              const result: unknown = await call(...values);
              return name === 'open' ? wrap(result as OpenFile, () => true) : result;
            }
          : (...values: unknown[]) => {
              if (name === 'closeSync') call(...values);
              strike(name);
              return name === 'closeSync' ? undefined : call(...values);
            },
      ]),
    ) as Target;
  return { system: wrap(nodeFileSystem, (name) => !name.endsWith('Sync')), operations: () => count };
}
