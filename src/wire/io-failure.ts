import { getSystemErrorMap } from 'node:util';
import { DiagnosticError, diagnostics } from '../diagnostics.ts';

/** What the system answered, as a diagnostic with path and cause in one line. Other errors pass unchanged. */
export function ioFailure(action: 'read' | 'write', file: string, cause: unknown): unknown {
  if (cause instanceof DiagnosticError || !isSystemError(cause)) return cause;
  return diagnostics.ioFailure(action, file, `${describe(cause)} (${cause.code})`, cause);
}

export function errorCode(cause: unknown): string | undefined {
  return isSystemError(cause) ? cause.code : undefined;
}

function isSystemError(cause: unknown): cause is NodeJS.ErrnoException & { code: string } {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && /^E[A-Z0-9]+$/.test(cause.code);
}

function describe({ errno, code, message }: NodeJS.ErrnoException): string {
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return known ?? message.replace(`${code}: `, '').replace(/,.*/s, '');
}
