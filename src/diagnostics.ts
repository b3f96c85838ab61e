/**
 * Every coded error and warning of the project, one factory each.
 *
 * A diagnostic says what happened, where (file, node, tensor, byte) and what to do about it. Errors carry the exit
 * code that the command line returns for them. Text is made here and nowhere else.
 */
import { distance } from 'fastest-levenshtein';

/** 0 done · 1 internal · 2 usage · 3 invalid model · 4 unsafe model · 5 check failed · 6 target · 7 I/O · 8 limit. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 130 | 143;

export interface Where {
  readonly file?: string;
  readonly node?: string;
  readonly tensor?: string;
  /** Byte offset in the file. */
  readonly byte?: number;
}

export interface Diagnostic {
  /** Kebab-case, stable: users match on it. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly where?: Where;
  /** What the user can do about it. */
  readonly hint?: string;
  /** The text at fault with a caret below it, on lines of their own. */
  readonly excerpt?: string;
  /** What the command line exits with when this ends the run; 0 for warnings. */
  readonly exitCode: ExitCode;
}

/** A diagnostic on its way up. Everything that the project throws on purpose is one of these. */
export class DiagnosticError extends Error {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic, options?: ErrorOptions) {
    super(formatDiagnostic(diagnostic), options);
    this.name = 'DiagnosticError';
    this.diagnostic = diagnostic;
  }
}

/** One line: message, place, hint. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { code, message, hint } = diagnostic;
  return `${message}${formatPlace(diagnostic)} [${code}]${hint ? `. ${hint}` : ''}`;
}

/** ` (file, node …, tensor …, byte …)`, or nothing where no place is known. */
export function formatPlace({ where }: Diagnostic): string {
  const places = [
    where?.file,
    where?.node && `node ${where.node}`,
    where?.tensor && `tensor ${where.tensor}`,
    where?.byte === undefined ? undefined : `byte ${where.byte}`,
  ].filter(Boolean);
  return places.length > 0 ? ` (${places.join(', ')})` : '';
}

function error(code: string, exitCode: ExitCode, message: string, where?: Where, hint?: string, cause?: unknown) {
  return new DiagnosticError(
    { code, severity: 'error', message, exitCode, ...(where && { where }), ...(hint && { hint }) },
    cause === undefined ? undefined : { cause },
  );
}

/** `cause` with the file added to its place, where it is a diagnostic that names none. */
export function inFile(cause: unknown, file: string | undefined): unknown {
  if (!(cause instanceof DiagnosticError) || file === undefined || cause.diagnostic.where?.file !== undefined)
    return cause;
  return new DiagnosticError({ ...cause.diagnostic, where: { file, ...cause.diagnostic.where } }, { cause });
}

/** `Did you mean "…"?` where one of `known` is near enough to `word` to be meant. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const edits = (name: string) => distance(word.toLowerCase(), name.toLowerCase());
  const [nearest] = known.toSorted((a, b) => edits(a) - edits(b));
  if (nearest === undefined || edits(nearest) > Math.max(1, Math.floor(nearest.length / 3))) return undefined;
  return `Did you mean "${nearest}"?`;
}

function caret(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  return `  ${text.slice(start, end < 0 ? undefined : end)}\n  ${' '.repeat(at - start)}^`;
}

function warning(code: string, message: string, where?: Where, hint?: string): Diagnostic {
  return { code, severity: 'warning', message, exitCode: 0, ...(where && { where }), ...(hint && { hint }) };
}

export const diagnostics = {
  // usage and configuration: 2
  usage: (message: string, hint?: string) => error('usage', 2, message, undefined, hint),
  unknownPass: (name: string, hint: string) =>
    error('unknown-pass', 2, `there is no pass named "${name}"`, undefined, hint),
  invalidOption: (where: string, message: string, hint?: string) =>
    error('invalid-option', 2, `${where}: ${message}`, undefined, hint),
  invalidPipeline: (text: string, at: number, message: string, hint?: string) => {
    const { diagnostic } = error('invalid-pipeline', 2, `pipeline, column ${at + 1}: ${message}`, undefined, hint);
    return new DiagnosticError({ ...diagnostic, excerpt: caret(text, at) });
  },
  configUnreadable: (file: string | undefined, message: string, cause?: unknown) =>
    error(
      'config-unreadable',
      2,
      `the configuration cannot be read: ${message}`,
      file ? { file } : undefined,
      undefined,
      cause,
    ),
  invalidPlan: (file: string, message: string, hint?: string) =>
    error('invalid-plan', 2, `not a plan: ${message}`, { file }, hint),
  outputExists: (file: string) =>
    error('output-exists', 2, 'the file exists', { file }, 'Use --force to overwrite it, or another path.'),
  outputIsInput: (file: string) =>
    error('output-is-input', 2, 'output and input are the same file', { file }, 'Use --in-place to replace it.'),
  outputIsData: (file: string) =>
    error('output-is-data', 2, "the output would replace the model's external data", { file }, 'Use another path.'),
  plugin: (plugin: string, message: string, cause?: unknown) =>
    error('plugin', 2, `plugin ${plugin}: ${message}`, undefined, undefined, cause),
  planMismatch: (message: string, hint?: string) => error('plan-mismatch', 2, message, undefined, hint),
  deviceMissing: (device: string, reason: string, there: readonly string[]) =>
    error(
      'device-missing',
      2,
      `--device ${device}: ONNX Runtime has no such device here: ${reason}`,
      undefined,
      `There is ${there.join(', ')}.`,
    ),
  data: (code: string, message: string, where?: Where, hint?: string) => error(code, 2, message, where, hint),

  // goals: 6
  targetMissed: (missed: readonly { readonly kind: string; readonly wanted: string; readonly reached: string }[]) =>
    error(
      'target-missed',
      6,
      `the goal was not reached: ${missed.map(({ kind, wanted, reached }) => `${kind} ${wanted} wanted, ${reached} reached`).join('; ')}`,
      undefined,
      'Nothing was written. --best-effort writes the nearest model; the report has its plan.',
    ),

  // the model: 3
  notAModel: (file: string | undefined, message: string, byte?: number) =>
    error('not-a-model', 3, message, { ...(file && { file }), ...(byte !== undefined && { byte }) }),
  invalidModel: (code: string, message: string, where: Where, hint?: string) => error(code, 3, message, where, hint),

  duplicateDefinition: (tensor: string, node?: string) =>
    error(
      'duplicate-definition',
      3,
      `"${tensor}" is defined twice`,
      { ...(node && { node }), tensor },
      'Rename one of them',
    ),
  missingProducer: (tensor: string, node?: string) =>
    error(
      'missing-producer',
      3,
      `"${tensor}" is read, but nothing defines it`,
      { ...(node && { node }), tensor },
      'The model is incomplete; export it again',
    ),
  outOfScope: (tensor: string, node?: string) =>
    error(
      'out-of-scope',
      3,
      `"${tensor}" is read where its definition cannot be seen`,
      { ...(node && { node }), tensor },
      'A graph sees its own values and those of the graphs around it',
    ),
  cycle: (nodes: readonly string[]) =>
    error('cycle', 3, `nodes wait for each other: ${cycleText(nodes)}`, nodes[0] ? { node: nodes[0] } : undefined),
  textSyntax: (line: number, column: number, message: string) =>
    error('text-syntax', 3, `line ${line}, column ${column}: ${message}`),

  // safety: 4
  unsafeModel: (code: string, message: string, where: Where, hint?: string) => error(code, 4, message, where, hint),

  // signals: 130, 143
  interrupted: (signal: 'SIGINT' | 'SIGTERM') =>
    error('interrupted', signal === 'SIGINT' ? 130 : 143, `stopped by ${signal}, nothing was written`),

  // checks and the runtime: 5
  checkFailed: (message: string, where?: Where, hint?: string) => error('check-failed', 5, message, where, hint),
  runtimeCrashed: (message: string, where?: Where, cause?: unknown) =>
    error('runtime-crashed', 5, message, where, undefined, cause),
  runtimeMissing: (message: string) =>
    error(
      'runtime-missing',
      5,
      `onnxruntime-node cannot be loaded: ${(message.split('\n')[0] ?? '').trim()}`,
      undefined,
      'Install it with npm install onnxruntime-node (ONNXRUNTIME_NODE_INSTALL=skip where only a registry is reachable)',
    ),
  runtimeRejected: (message: string, where?: Where, cause?: unknown) =>
    error('runtime-rejected', 5, message, where, undefined, cause),

  // input and output: 7
  ioFailure: (action: 'read' | 'write', file: string, reason: string, cause?: unknown) =>
    error(`cannot-${action}`, 7, `cannot ${action} the file: ${reason}`, { file }, undefined, cause),
  io: (code: string, message: string, where: Where, hint?: string, cause?: unknown) =>
    error(code, 7, message, where, hint, cause),

  // limits: 8
  limitExceeded: (message: string, where?: Where, hint?: string) => error('limit-exceeded', 8, message, where, hint),
  timedOut: (message: string, where?: Where, hint?: string) => error('timed-out', 8, message, where, hint),

  warning,
} as const;

/** A ring of nodes; the middle of a long one is left out. */
function cycleText(nodes: readonly string[]): string {
  const shown = nodes.length > 8 ? [...nodes.slice(0, 4), '…', ...nodes.slice(-3)] : nodes;
  return [...shown, nodes[0]].join(' → ');
}
