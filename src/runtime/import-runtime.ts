import { diagnostics } from '../diagnostics.ts';

type OnnxRuntime = typeof import('onnxruntime-node');

export const telemetrySwitch = 'ORT_DISABLE_TELEMETRY';

let imported: Promise<OnnxRuntime> | undefined;

/**
 * onnxruntime-node in this process; imported on first use, because its library takes 20 MB and not every call needs it.
 *
 * From 1.29 on its Linux and macOS builds send names, hashes and sizes of models to Microsoft and keep a device id under
 * the home folder, unless this variable is set before they are loaded (microsoft/onnxruntime#27379, #29843).
 *
 * @throws runtime-missing
 */
export function importRuntime(): Promise<OnnxRuntime> {
  process.env[telemetrySwitch] ??= '1';
  imported ??= import('onnxruntime-node').catch((cause: unknown) => {
    throw diagnostics.runtimeMissing(cause instanceof Error ? cause.message : String(cause));
  });
  return imported;
}
