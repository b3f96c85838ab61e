export { createBlas } from './blas.ts';
export { openRuntime } from './open-runtime.ts';
export { type RuntimeInfo, runtimeInfo } from './runtime-info.ts';
export type {
  Feeds,
  ModelSource,
  Runtime,
  RuntimeData,
  RuntimeOptions,
  RuntimePort,
  RuntimeSession,
  RuntimeTensor,
  SessionOptions,
} from './types.ts';
