import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Device } from './types.ts';

/** Where the driver of NVIDIA tells of its cards on Linux. */
const cards = '/proc/driver/nvidia/gpus';

/** `cpu`, `webgpu`, `cuda NVIDIA L4`: what times on a device hold for, as far as the system names it. */
export function deviceName(device: Device, folder = cards): string {
  if (device !== 'cuda') return device;
  return [device, ...new Set(modelsIn(folder))].join(' ');
}

function modelsIn(folder: string): readonly string[] {
  try {
    const texts = readdirSync(folder).map((card) => readFileSync(join(folder, card, 'information'), 'utf8'));
    return texts.flatMap((text) => /^Model:\s*(\S.*?)\s*$/m.exec(text)?.[1] ?? []).sort();
  } catch {
    return [];
  }
}
