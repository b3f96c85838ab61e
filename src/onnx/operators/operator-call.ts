import type { Dim, DType, Graph, Node } from '../../ir/index.ts';
import { dtypeOf } from '../dtype-codes.ts';
import { type Fact, numbersOf, unknown } from './fact.ts';

/** One node with what is known of its inputs: all that an operator's rule sees. */
export interface OperatorCall {
  readonly node: Node;
  /** Version of the default domain that the model imports. */
  readonly opset: number;
  /** Infers a subgraph of the node, its inputs given; facts of its outputs. */
  readonly inferGraph: (graph: Graph, inputs: readonly Fact[]) => readonly Fact[];
  readonly inputs: readonly Fact[];
}

/** Facts of a node's outputs, in order; those it does not list are unknown. Never throws on a valid model. */
export type OperatorRule = (call: OperatorCall) => readonly Fact[];

export function inputOf(call: OperatorCall, index: number): Fact {
  return call.inputs[index] ?? unknown;
}

export function hasInput(call: OperatorCall, index: number): boolean {
  return Boolean(call.node.inputs[index]);
}

export function shapeOf(call: OperatorCall, index: number): readonly Dim[] | undefined {
  return inputOf(call, index).shape;
}

export function rankOf(call: OperatorCall, index: number): number | undefined {
  return shapeOf(call, index)?.length;
}

/**
 * Integers that older opsets give as attribute `name` and newer ones as input `index`.
 * `absent` when there is neither, undefined when the input is not known before the model runs.
 */
export function integersOf<Absent>(
  call: OperatorCall,
  name: string,
  index: number,
  absent: Absent,
): readonly number[] | Absent | undefined {
  const attribute = call.node.ints(name);
  if (attribute) return attribute;
  return hasInput(call, index) ? numbersOf(inputOf(call, index)) : absent;
}

/** A graph attribute. */
export function graphOf({ node }: OperatorCall, name: string): Graph | undefined {
  const value = node.attributes.get(name)?.value;
  return value?.kind === 'graph' ? value.value : undefined;
}

/** The element type that an attribute such as `to` or `dtype` gives by its number. */
export function dtypeAttribute<Fallback extends DType | undefined>(
  { node }: OperatorCall,
  name: string,
  fallback: Fallback,
): DType | Fallback {
  const number = node.int(name);
  return number ? (dtypeOf(number) ?? fallback) : fallback;
}

/** `count` unknown sizes. */
export function unknownDims(count: number): readonly Dim[] {
  return Array.from({ length: count }, () => undefined);
}

/** A rank beyond this is a mistake in the file, not worth an array of that length. */
const largestRank = 256;

/** A tensor of known rank and unknown sizes; of unknown rank when that is not known either. */
export function ofRank(dtype: DType | undefined, rank: number | undefined): Fact {
  return { dtype, shape: rank === undefined || rank > largestRank ? undefined : unknownDims(rank) };
}

/** A list of sizes given as an input: its elements, or as many unknown ones as it has. */
export function sizesFrom(call: OperatorCall, index: number): readonly Dim[] | undefined {
  const { shape, data } = inputOf(call, index);
  const length = shape?.[0];
  if (data) return data;
  return typeof length === 'number' && length <= largestRank ? unknownDims(length) : undefined;
}
