import { unlinkSync } from 'node:fs';

/*
 * Temporary files that exist at this moment. Whoever made one removes it; this is for a process that is told to leave
 * (`process.exit` in a signal's listener) before that.
 */
const paths = new Set<string>();

export function registerTemporary(path: string): void {
  if (paths.size === 0) process.on('exit', removeTemporaries);
  paths.add(path);
}

export function forgetTemporary(path: string): void {
  paths.delete(path);
  if (paths.size === 0) process.off('exit', removeTemporaries);
}

/** Removes what is left, at once. */
export function removeTemporaries(): void {
  for (const path of paths) {
    try {
      unlinkSync(path);
    } catch {
      // Gone already, or the disk is: there is nothing left to do about it.
    }
  }
  paths.clear();
  process.off('exit', removeTemporaries);
}
