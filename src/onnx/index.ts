export type { ExternalPlace, ExternalResolver } from './external-data.ts';
export { type Pads, resolvePads } from './operators/index.ts';
export { type ReadOptions, readModel } from './read-model.ts';
export { type InferShapesOptions, inferShapes, type ShapeInfo } from './shape-inference/index.ts';
export type { TensorPlacement } from './write-context.ts';
export { type WriteOptions, writeModel, writeModelPieces } from './write-model.ts';
