import { DiagnosticError, diagnostics } from '../diagnostics.ts';
import type { Node } from '../ir/index.ts';
import { type Skip, skip } from '../pass/index.ts';
import type { Environment } from './workspace.ts';

/**
 * What a pass that threw means: its node stays, and the run goes on with a warning. Diagnostics and the user's wish to
 * stop go on upwards.
 */
export function passFailure(node: Node, name: string, cause: unknown, { signal, onEvent }: Environment): Skip {
  if (signal.aborted || cause instanceof DiagnosticError) throw cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const text = `the pass broke down: ${message}`;
  const hint = 'The node was kept. Please report this to the author of the pass.';
  onEvent({ kind: 'warning', diagnostic: diagnostics.warning('pass-failed', text, { node: name }, hint) });
  return skip(node, 'pass-failed', text);
}
