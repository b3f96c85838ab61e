import { DiagnosticError, diagnostics } from '../diagnostics.ts';
import type { ModelSource, Runtime, RuntimePort, RuntimeSession, SessionOptions } from '../runtime/index.ts';
import { type Unjudged, unjudged } from './unjudged.ts';

/** Two models with the same interface, loaded side by side. */
export interface SessionPair {
  readonly reference: RuntimeSession;
  readonly candidate: RuntimeSession;
  release(): Promise<void>;
}

/**
 * @returns Unjudged when ONNX Runtime does not take the reference: then it cannot judge the candidate
 * @throws runtime-rejected when it takes the reference, but not the candidate; check-failed when their inputs or
 *   outputs differ in name, type or order
 */
export async function openPair(
  runtime: Runtime,
  reference: ModelSource,
  candidate: ModelSource,
  options: SessionOptions = {},
): Promise<SessionPair | Unjudged> {
  const first = await loadOrReason(runtime, reference, options);
  if ('kind' in first) return first;
  const second = await runtime.load(candidate, options).catch(async (cause: unknown) => {
    await first.release();
    throw cause;
  });
  const pair = { reference: first, candidate: second, release: () => releaseAll([first, second]) };
  const difference =
    interfaceDifference('inputs', first.inputs, second.inputs) ??
    interfaceDifference('outputs', first.outputs, second.outputs);
  if (!difference) return pair;
  await pair.release();
  throw diagnostics.checkFailed(`the models differ in their ${difference}`);
}

/** The session, or why ONNX Runtime does not load the model. */
export async function loadOrReason(
  runtime: Runtime,
  model: ModelSource,
  options: SessionOptions,
): Promise<RuntimeSession | Unjudged> {
  try {
    return await runtime.load(model, options);
  } catch (cause) {
    if (cause instanceof DiagnosticError && cause.diagnostic.code === 'runtime-rejected')
      return unjudged(cause.diagnostic.message);
    throw cause;
  }
}

export async function releaseAll(sessions: readonly RuntimeSession[]): Promise<void> {
  for (const session of sessions) await session.release();
}

function interfaceDifference(what: string, a: readonly RuntimePort[], b: readonly RuntimePort[]): string | undefined {
  const [before, after] = [a, b].map((ports) =>
    ports.map(({ name, dtype }) => `${name} ${dtype ?? ''}`.trim()).join(', '),
  );
  return before === after ? undefined : `${what}: ${before} against ${after}`;
}
