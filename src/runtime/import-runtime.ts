import { diagnostics } from '../diagnostics.ts';

type OnnxRuntime = typeof import('onnxruntime-node');

let imported: Promise<OnnxRuntime> | undefined;

/**
 * onnxruntime-node in this process; imported on first use, because its library takes 20 MB and not every call needs it.
 *
 * @throws runtime-missing
 */
export function importRuntime(): Promise<OnnxRuntime> {
  imported ??= import('onnxruntime-node').catch((cause: unknown) => {
    throw diagnostics.runtimeMissing(cause instanceof Error ? cause.message : String(cause));
  });
  return imported;
}
