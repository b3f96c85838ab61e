import { DiagnosticError, diagnostics } from '../diagnostics.ts';
import type { Device } from './types.ts';

const others: readonly Device[] = ['cuda', 'webgpu'];

/**
 * Asks a device for a small product before anything rests on it. The CPU is always there.
 *
 * @param probe fails where the device does
 * @throws device-missing, naming the devices that are there
 */
export async function requireDevice(device: Device, probe: (device: Device) => Promise<void>): Promise<void> {
  if (device === 'cpu') return;
  const reason = await failure(() => probe(device));
  if (reason === undefined) return;
  const there: Device[] = ['cpu'];
  for (const other of others)
    if (other !== device && (await failure(() => probe(other))) === undefined) there.push(other);
  throw diagnostics.deviceMissing(device, reason, there);
}

/** Why a device does not work; undefined where it does. A driver that crashes has taken its child with it. */
async function failure(attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (cause) {
    if (!(cause instanceof DiagnosticError) || !isOfDevice(cause.diagnostic.code)) throw cause;
    return shortened(cause.diagnostic.message);
  }
}

function isOfDevice(code: string): boolean {
  return code === 'runtime-rejected' || code === 'runtime-crashed';
}

/** ONNX Runtime puts the place in its own sources, and the condition that failed, before what went wrong. */
function shortened(message: string): string {
  return (message.split(' was false. ').at(-1) ?? message).replace(/^ONNX Runtime: /, '').trim();
}
