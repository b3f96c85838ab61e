import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus } from 'node:os';

export interface RuntimeInfo {
  /** Version of onnxruntime-node, or null where it is not installed. */
  readonly version: string | null;
  /** The processor's name as the system gives it. */
  readonly cpu: string;
  /** The widest instruction set that chooses ONNX Runtime's kernels: `avx512`, `avx2`, `neon`, or the architecture. */
  readonly instructionSet: string;
}

/** What results depend on besides the model: the same for all three is what makes bytes comparable. */
export function runtimeInfo(): RuntimeInfo {
  return { version: installedVersion(), cpu: cpus()[0]?.model.trim() ?? 'unknown', instructionSet: instructionSet() };
}

function installedVersion(): string | null {
  try {
    const found: unknown = createRequire(import.meta.url)('onnxruntime-node/package.json');
    return typeof found === 'object' && found !== null && 'version' in found ? String(found.version) : null;
  } catch {
    return null;
  }
}

/** From the flags that Linux lists; other systems tell only the architecture. */
function instructionSet(): string {
  const flags = new Set(readCpuFlags());
  if (flags.has('avx512f')) return 'avx512';
  if (flags.has('avx2')) return 'avx2';
  if (flags.has('avx')) return 'avx';
  return arch() === 'arm64' ? 'neon' : arch();
}

function readCpuFlags(): string[] {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    return (line?.[1] ?? '').trim().split(' ');
  } catch {
    return [];
  }
}
