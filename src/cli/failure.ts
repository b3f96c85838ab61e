import { types } from 'node:util';
import { type Diagnostic, DiagnosticError, type ExitCode, formatPlace } from '../diagnostics.ts';
import { printable } from '../report/index.ts';
import type { Output } from './output.ts';

/** Says what ended the run, on stderr, and returns the exit code for it. */
export function reportFailure(cause: unknown, output: Output, verbose: boolean): ExitCode {
  if (cause instanceof DiagnosticError) {
    output.complain(diagnosticText(cause.diagnostic, output));
    return cause.diagnostic.exitCode;
  }
  if (isSystemError(cause)) {
    output.complain(label(output, 'error', 'io') + printable(cause.message));
    return 7;
  }
  const message = isError(cause) ? cause.message : String(cause);
  output.complain(`${output.paint('stderr', 'red', 'internal error')}: ${message}`);
  if (verbose) output.complain(isError(cause) ? (cause.stack ?? message) : message);
  output.complain(
    `  This is a bug in onnx-tucker. Please report it with the command${verbose ? ' and the lines above' : ', run again with --verbose'}.`,
  );
  return 1;
}

/** `error[code]: message (place)`, the text at fault with a caret, and the hint. */
export function diagnosticText(diagnostic: Diagnostic, output: Output): string {
  const { code, severity, message, excerpt, hint } = diagnostic;
  const lines = [label(output, severity, code) + printable(message + formatPlace(diagnostic))];
  if (excerpt) lines.push(excerpt);
  if (hint) lines.push(`  ${output.paint('stderr', 'cyan', 'hint')}: ${printable(hint)}`);
  return lines.join('\n');
}

function label(output: Output, severity: Diagnostic['severity'], code: string): string {
  return `${output.paint('stderr', severity === 'error' ? 'red' : 'yellow', `${severity}[${code}]`)}: `;
}

/** What Node reports of the operating system: ENOSPC, EACCES … with call and path in the message. */
function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return isError(cause) && 'syscall' in cause && 'errno' in cause;
}

/** Also errors of other realms: those of worker threads, and of Node itself under a test runner. */
function isError(cause: unknown): cause is Error {
  return types.isNativeError(cause);
}
