export { type InferShapesOptions, inferShapes } from './infer-shapes.ts';
export type { ShapeInfo } from './shape-info.ts';
