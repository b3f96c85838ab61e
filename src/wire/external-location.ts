import { diagnostics } from '../diagnostics.ts';

/**
 * The path components of a `location`, which must be relative, stay inside, and mean the same on every system.
 *
 * @throws external-data-outside (exit 4)
 */
export function locationComponents(location: string, tensor: string): string[] {
  const refuse = (reason: string) =>
    diagnostics.unsafeModel(
      'external-data-outside',
      `external data at ${JSON.stringify(location.slice(0, 200))}: ${reason}`,
      { tensor },
    );
  if (location.includes('\0')) throw refuse('the path contains NUL');
  if (location.startsWith('/')) throw refuse('the path is absolute');
  if (location.includes('\\')) throw refuse('the path contains a backslash, which separates folders on Windows');
  if (/^[a-z]:/i.test(location)) throw refuse('the path names a drive');
  const components = location.split('/').filter((part) => part !== '' && part !== '.');
  if (components.includes('..')) throw refuse('the path leaves its folder with ".."');
  if (components.length === 0 || location.endsWith('/')) throw refuse('the path names no file');
  return components;
}
