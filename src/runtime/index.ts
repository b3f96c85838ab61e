export { createBlas } from './blas.ts';
export { deviceName } from './device-name.ts';
export { GrowingBuffer } from './growing-buffer.ts';
export { openRuntime } from './open-runtime.ts';
export { type RuntimeInfo, runtimeInfo } from './runtime-info.ts';
export type {
  Device,
  Feeds,
  KeepingRuntime,
  KeptTensor,
  KeptTensors,
  ModelSource,
  Places,
  Runtime,
  RuntimeData,
  RuntimeOptions,
  RuntimePort,
  RuntimeSession,
  RuntimeTensor,
  SessionOptions,
} from './types.ts';
