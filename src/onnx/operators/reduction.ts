import type { Dim, DType } from '../../ir/index.ts';
import { normalizeAxes, normalizeAxis } from './dims.ts';
import { type Fact, isKnown, numbersOf, withData } from './fact.ts';
import { inputOf, integersOf, type OperatorCall, type OperatorRule, shapeOf, unknownDims } from './operator-call.ts';

/** Reduces `axes` (attribute, or input since opset 13 or 18); none given means all, or none at all if so asked. */
export function reduce(combine?: (numbers: readonly number[]) => number): OperatorRule {
  return (call) => {
    const fact = inputOf(call, 0);
    const axes = reducedAxes(call, fact);
    const shape = reducedShape(fact.shape, axes, call.node.int('keepdims', 1) !== 0);
    const numbers = combine && axes && axes.length === fact.shape?.length ? numbersOf(fact) : undefined;
    return [withData({ dtype: fact.dtype, shape }, numbers && combine && [combine(numbers)])];
  };
}

/** Axes from the front; undefined where they are not known. */
function reducedAxes(call: OperatorCall, { shape }: Fact): readonly number[] | undefined {
  const given = integersOf(call, 'axes', 1, []);
  if (!given || !shape) return undefined;
  if (given.length > 0) return normalizeAxes(given, shape.length);
  return call.node.int('noop_with_empty_axes', 0) === 0 ? shape.map((_, axis) => axis) : [];
}

function reducedShape(
  shape: readonly Dim[] | undefined,
  axes: readonly number[] | undefined,
  keep: boolean,
): readonly Dim[] | undefined {
  if (!shape) return undefined;
  if (!axes) return keep ? unknownDims(shape.length) : undefined;
  if (keep) return shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** Place of the largest or smallest along `axis`. */
export const argument: OperatorRule = (call) => {
  const shape = shapeOf(call, 0);
  const axis = shape && normalizeAxis(call.node.int('axis', 0), shape.length);
  const axes = axis === undefined ? undefined : [axis];
  return [{ dtype: 'int64', shape: reducedShape(shape, axes, call.node.int('keepdims', 1) !== 0) }];
};

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0);
export const product = (numbers: readonly number[]): number => numbers.reduce((total, x) => total * x, 1);
export const largest = (numbers: readonly number[]): number => Math.max(...numbers);
export const smallest = (numbers: readonly number[]): number => Math.min(...numbers);

/** Loss of classification: per element, or a scalar when reduced; then optionally the log probabilities. */
export const classificationLoss: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const labels = shapeOf(call, 1);
  const reduced = call.node.string('reduction', 'mean') !== 'none';
  return [
    { dtype, shape: reduced ? [] : labels },
    { dtype, shape },
  ];
};

/** Values, and where they are in the input and in each other; how many depends on the data. */
export const unique: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const given = call.node.int('axis');
  const axis = given === undefined || !shape ? undefined : normalizeAxis(given, shape.length);
  const places: Fact = { dtype: 'int64', shape: [undefined] };
  const values = given === undefined ? [undefined] : shape?.map((dim, index) => (index === axis ? undefined : dim));
  return [{ dtype, shape: values }, places, places, places];
};

/** Boxes that overlap no better one: [how many, (batch, class, box)]. */
export const nonMaxSuppression: OperatorRule = () => [{ dtype: 'int64', shape: [undefined, 3] }];

/** Elements in a known range as rows of counts or weights, one column per n-gram. */
export const ngramCounts: OperatorRule = (call) => {
  const shape = shapeOf(call, 0);
  const columns = call.node.ints('ngram_indexes');
  const width = columns?.reduce((widest, column) => Math.max(widest, column + 1), 0);
  return [{ dtype: 'float32', shape: shape && [...shape.slice(0, -1), width] }];
};

/** Number of elements, as far as all sizes are known. */
export const size: OperatorRule = (call) => {
  const shape = shapeOf(call, 0);
  const count = isKnown(shape) ? product(shape) : undefined;
  return [withData({ dtype: 'int64', shape: [] }, [count])];
};

/** The shape as data, or since opset 15 a stretch of it. */
export const shapeAsData: OperatorRule = (call) => {
  const shape = shapeOf(call, 0);
  const dtype: DType = 'int64';
  if (!shape) return [{ dtype, shape: [undefined] }];
  const dims = shape.slice(call.node.int('start', 0), call.node.int('end'));
  return [withData({ dtype, shape: [dims.length] }, dims)];
};
