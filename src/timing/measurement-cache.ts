import type { Cache, Json } from '../cache/index.ts';
import { deviceName, type RuntimeInfo } from '../runtime/index.ts';
import type { MeasureOptions } from './time-copies.ts';

/** Raised whenever the same chain would be measured in another way. */
const protocol = 1;

/** Numbers measured on one machine and device, with one version of ONNX Runtime and one number of threads. */
export interface MeasurementCache {
  get(what: Json): Promise<Float64Array | undefined>;
  put(what: Json, values: readonly number[]): Promise<void>;
}

/** The cache as it looks from this machine: what was measured elsewhere is not in it. */
export function measurementCache(
  cache: Cache,
  { version, cpu, instructionSet }: RuntimeInfo,
  { threads, device }: MeasureOptions,
): MeasurementCache {
  const name = deviceName(device);
  const key = (what: Json) => ({ measurement: what, protocol, version, cpu, instructionSet, threads, device: name });
  return {
    async get(what) {
      const bytes = await cache.get(key(what));
      if (!bytes || bytes.length % 8 !== 0) return undefined;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
    },
    async put(what, values) {
      const view = new DataView(new ArrayBuffer(8 * values.length));
      for (const [i, value] of values.entries()) view.setFloat64(8 * i, value, true);
      await cache.put(key(what), new Uint8Array(view.buffer));
    },
  };
}
