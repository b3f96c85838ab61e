import type { DType, Node, Value } from '../ir/index.ts';
import type { ShapeInfo } from '../onnx/index.ts';
import type { GraphBuilder } from './graph-builder.ts';

/** One input of one node, whose gradient is asked for. */
export interface GradientCall {
  readonly node: Node;
  readonly index: number;
  readonly input: Value;
  /** The node's first output. */
  readonly output: Value;
  /** Of the first output. */
  readonly gradient: Value;
  /** Of each output; undefined where nothing comes back from it. */
  readonly gradients: readonly (Value | undefined)[];
  /** Of the input, and so of its gradient. */
  readonly dtype: DType;
  readonly opset: number;
  readonly build: GraphBuilder;
  readonly shapes: ShapeInfo;
  /** Dims that are all known. @throws Unknown */
  sizes(value: Value | null | undefined): readonly number[];
}

/**
 * The vector-Jacobian product of an operator: the gradient of one input from those of the outputs, as nodes.
 *
 * @returns undefined where the rule does not hold for this node
 */
export type GradientRule = (call: GradientCall) => Value | undefined;

/** Ends a rule that needs a size that is not known. */
export class Unknown extends Error {}

/** Elements of an input or, in old opsets, of the attribute that it was before; undefined where they are not known. */
export function integers({ node, shapes }: GradientCall, input: number, name: string): readonly number[] | undefined {
  const value = node.inputs[input];
  return value ? shapes.constantOf(value) : node.ints(name);
}

export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
