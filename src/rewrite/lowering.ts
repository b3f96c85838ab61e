import type { Factors } from '../numerics/index.ts';
import { type Decomposition, type LinearOperator, networkAt, type Ranks } from '../pass/index.ts';
import type { OperatorStep } from './operator-step.ts';

/** One operator of the replacement, sizes filled in. Weight in the operator's own layout. */
export interface LoweredStep extends OperatorStep {
  /** `tucker-2/C`: the end of the new node's name. */
  readonly label: string;
  readonly factor: string;
  /** Dims of the weight initializer. */
  readonly weightDims: readonly number[];
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Factor modes in the order of the weight's axes; -1 repeats along a group index that the factor lacks. */
  readonly axes: readonly WeightAxis[];
}

/** An index as the weight runs over it: which mode of the factor it is (-1: none, the weight repeats) and its size. */
export interface WeightAxis {
  readonly mode: number;
  readonly size: number;
}

/** The chain of a decomposition with all sizes filled in: what cost and rewriting both read. */
export function lowerChain(
  method: string,
  operator: LinearOperator,
  decomposition: Decomposition,
  ranks: Ranks,
): readonly LoweredStep[] {
  const { sizes, factors } = networkAt(operator, decomposition, ranks);
  const sizeOf = (index: string): number => {
    const size = sizes[index];
    if (size === undefined) throw new Error(`${method}: index ${index} has no size`);
    return size;
  };
  let from: readonly string[] = ['g', 's'];
  let reached = operator.inputSizes;
  return decomposition.chain.map((step, position): LoweredStep => {
    const indices = factors.find((factor) => factor.name === step.factor)?.indices;
    if (!indices) throw new Error(`${method}: the chain names factor ${step.factor}, which does not exist`);
    const shared = commonPrefix(from, step.to);
    const spatial = step.spatial ?? [];
    const axis = (index: string): WeightAxis => ({ mode: indices.indexOf(index), size: sizeOf(index) });
    const covered = operator.kernelShape.map((_, k) => spatial.includes(`k${k + 1}`));
    const along = (values: readonly number[], otherwise: number) =>
      values.map((value, k) => (covered[k] ? value : otherwise));
    const groupAxes = shared.map(axis);
    const outAxes = step.to.slice(shared.length).map(axis);
    const inAxes = from.slice(shared.length).map(axis);
    const spatialAxes = spatial.map(axis);
    const opType = covered.includes(true) || operator.kernelShape.length === 0 ? operator.opType : 'Conv';
    const kernelShape = along(operator.kernelShape, 1);
    const [groups, outputs, inputs] = [groupAxes, outAxes, inAxes].map(product) as [number, number, number];
    const inputSizes = reached;
    const ended = operator.outputSizes;
    reached = reached && ended ? reached.map((size, k) => (covered[k] ? (ended[k] ?? size) : size)) : undefined;
    from = step.to;
    return {
      label: `${method}/${step.factor}`,
      factor: step.factor,
      opType,
      groups,
      inputs: groups * inputs,
      outputs: groups * outputs,
      weightDims: weightDims(opType, operator, groups, outputs, inputs, kernelShape),
      kernelShape,
      strides: along(operator.strides, 1),
      dilations: along(operator.dilations, 1),
      padsBegin: along(operator.padsBegin, 0),
      padsEnd: along(operator.padsEnd, 0),
      outputPadding: along(operator.outputPadding, 0),
      inputSizes,
      outputSizes: operator.kernelShape.length === 0 ? ended : reached,
      isFirst: position === 0,
      isLast: position === decomposition.chain.length - 1,
      axes: weightAxes(opType, operator, groupAxes, outAxes, inAxes, spatialAxes),
    };
  });
}

function product(axes: readonly WeightAxis[]): number {
  return axes.reduce((total, { size }) => total * size, 1);
}

function commonPrefix(a: readonly string[], b: readonly string[]): readonly string[] {
  const end = a.findIndex((index, position) => index !== b[position]);
  return end < 0 ? a : a.slice(0, end);
}

function outputsFirst(opType: LinearOperator['opType'], operator: LinearOperator): boolean {
  return opType === 'Conv' || (opType !== 'ConvTranspose' && operator.weightLayout === 'rows');
}

function weightDims(
  opType: LinearOperator['opType'],
  operator: LinearOperator,
  groups: number,
  outputs: number,
  inputs: number,
  kernelShape: readonly number[],
) {
  return outputsFirst(opType, operator)
    ? [groups * outputs, inputs, ...kernelShape]
    : [groups * inputs, outputs, ...kernelShape];
}

function weightAxes(
  opType: LinearOperator['opType'],
  operator: LinearOperator,
  groups: readonly WeightAxis[],
  outputs: readonly WeightAxis[],
  inputs: readonly WeightAxis[],
  spatial: readonly WeightAxis[],
) {
  return outputsFirst(opType, operator)
    ? [...groups, ...outputs, ...inputs, ...spatial]
    : [...groups, ...inputs, ...outputs, ...spatial];
}

/** A step's weight, row-major in the operator's layout, gathered from its factor. float64[weightDims]. */
export function stepWeight(step: LoweredStep, factors: Factors): Float64Array {
  const factor = factors[step.factor];
  if (!factor) throw new Error(`factor ${step.factor} is missing`);
  const strides = rowMajorStrides(factor.dims);
  const axes = step.axes.map(({ mode, size }) => ({ size, stride: mode < 0 ? 0 : (strides[mode] ?? 0) }));
  const weight = new Float64Array(step.axes.reduce((total, { size }) => total * size, 1));
  gather(weight, factor.data, axes);
  return weight;
}

/** The inverse of {@link stepWeight}: the factors again, from weights as they stand in the rewritten graph. */
export function factorFromWeight(step: LoweredStep, weight: Float64Array, dims: readonly number[]): Float64Array {
  const strides = rowMajorStrides(dims);
  const axes = step.axes.map(({ mode, size }) => ({ size, stride: mode < 0 ? 0 : (strides[mode] ?? 0) }));
  const data = new Float64Array(dims.reduce((total, dim) => total * dim, 1));
  scatter(data, weight, axes);
  return data;
}

type Stride = { readonly size: number; readonly stride: number };

function rowMajorStrides(dims: readonly number[]): readonly number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let mode = dims.length - 1; mode >= 0; mode--) {
    strides[mode] = stride;
    stride *= dims[mode] ?? 1;
  }
  return strides;
}

function gather(into: Float64Array, from: Float64Array, axes: readonly Stride[]): void {
  walk(axes, (position, offset) => {
    into[position] = from[offset] ?? 0;
  });
}

function scatter(into: Float64Array, from: Float64Array, axes: readonly Stride[]): void {
  walk(axes, (position, offset) => {
    into[offset] = from[position] ?? 0;
  });
}

/** Visits all positions of a row-major array with the strided offset that belongs to each. */
function walk(axes: readonly Stride[], visit: (position: number, offset: number) => void): void {
  const inner = axes.at(-1) ?? { size: 1, stride: 0 };
  const outer = axes.slice(0, -1);
  const counter = outer.map(() => 0);
  const rows = outer.reduce((total, { size }) => total * size, 1);
  let offset = 0;
  let position = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < inner.size; i++) visit(position++, offset + i * inner.stride);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      const { size, stride } = outer[axis] as Stride;
      offset += stride;
      if (++(counter[axis] as number) < size) break;
      counter[axis] = 0;
      offset -= size * stride;
    }
  }
}
