/** Gradients of a model, as a model. */
export { type Direction, type Gradient, type GradientModel, gradientModel } from './gradient-model.ts';
