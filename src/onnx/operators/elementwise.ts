import type { Dim, DType } from '../../ir/index.ts';
import { addDims, broadcastShapes, multiplyDims } from './dims.ts';
import { isKnown, largestData, productOf, withData } from './fact.ts';
import { dtypeAttribute, inputOf, type OperatorCall, type OperatorRule } from './operator-call.ts';
import { broadcastIndex } from './strided-index.ts';

/** One element of the result from one of each operand. */
type Elementwise = (...elements: readonly Dim[]) => Dim;

interface ElementwiseOptions {
  /** Element type of the result, where it is not that of the operands. */
  readonly dtype?: DType;
  /** The input whose element type the result has; 0 otherwise. */
  readonly like?: number;
  readonly compute?: Elementwise;
}

/** All inputs broadcast together. Until opset 6 the second was fitted to the first by attributes. */
export function elementwise(options: ElementwiseOptions = {}): OperatorRule {
  return (call) => {
    const legacy = call.opset < 7 && call.node.inputs.length === 2;
    const shape = legacy ? inputOf(call, 0).shape : broadcastShapes(call.inputs.map((fact) => fact.shape));
    const dtype = options.dtype ?? inputOf(call, options.like ?? 0).dtype;
    return [withData({ dtype, shape }, options.compute && computed(call, dtype, shape, options.compute))];
  };
}

/** The first input's shape; its element type unless another is given. Further inputs only set parameters. */
export function unary(options: ElementwiseOptions = {}): OperatorRule {
  return ({ inputs: [input = {}] }) => {
    const dtype = options.dtype ?? input.dtype;
    const { compute } = options;
    return [
      withData({ dtype, shape: input.shape }, compute && input.data?.map((item) => rounded(compute(item), dtype))),
    ];
  };
}

/** A number from numbers, unknown otherwise. */
export function numeric(compute: (...numbers: readonly number[]) => number): Elementwise {
  return (...elements) =>
    elements.every((item) => typeof item === 'number') ? compute(...(elements as readonly number[])) : undefined;
}

/** Element type from an attribute, shape from the first input. */
export function likeInput(attribute: string): OperatorRule {
  return (call) => {
    const { dtype, shape } = inputOf(call, 0);
    return [{ dtype: dtypeAttribute(call, attribute, dtype), shape }];
  };
}

export const cast: OperatorRule = (call) => {
  const { shape, data } = inputOf(call, 0);
  const dtype = dtypeAttribute(call, 'to', undefined);
  return [withData({ dtype, shape }, convert(data, dtype))];
};

export const castLike: OperatorRule = (call) => {
  const { shape, data } = inputOf(call, 0);
  const { dtype } = inputOf(call, 1);
  return [withData({ dtype, shape }, convert(data, dtype))];
};

/** condition, x, y → x where the condition holds, else y */
export const where = elementwise({
  like: 1,
  compute: (condition, x, y) => {
    if (condition === undefined || typeof condition === 'string') return x === y ? x : undefined;
    return condition === 0 ? y : x;
  },
});

/** Sums and products keep a symbol that they leave as it is; so does a division by 1. */
export const add = elementwise({ compute: addDims });
export const multiply = elementwise({ compute: multiplyDims });
export const subtract = elementwise({
  compute: (a, b) => (b === 0 ? a : a !== undefined && a === b ? 0 : numeric((x = 0, y = 0) => x - y)(a, b)),
});

/** Division of integers drops the fraction. */
export const divide: OperatorRule = (call) => {
  const real = inputOf(call, 0).dtype?.includes('float') ?? true;
  const quotient = numeric((x = 0, y = 0) => (real ? x / y : Math.trunc(x / y)));
  return elementwise({ compute: (a, b) => (b === 1 ? a : quotient(a, b)) })(call);
};

/** Python's remainder, unless fmod asks for C's. */
export const modulo: OperatorRule = (call) => {
  const floored = call.node.int('fmod', 0) === 0;
  return elementwise({
    compute: numeric((x = 0, y = 1) => (floored ? x - y * Math.floor(x / y) : x % y)),
  })(call);
};

/** x limited to [min, max], both optional. */
export const clip: OperatorRule = (call) => {
  const [fact = {}, min, max] = call.inputs;
  const [low, high] = [min?.data ? min.data[0] : -Infinity, max?.data ? max.data[0] : Infinity];
  const known = typeof low === 'number' && typeof high === 'number' && call.opset >= 11;
  const limited = numeric((x = 0) => Math.min(Math.max(x, low as number), high as number));
  const complete = [1, 2].every((index) => !call.node.inputs[index] || call.inputs[index]?.data);
  return [withData({ ...fact }, known && complete ? fact.data?.map((item) => limited(item)) : undefined)];
};

function computed(
  call: OperatorCall,
  dtype: DType | undefined,
  shape: readonly Dim[] | undefined,
  compute: Elementwise,
): readonly Dim[] | undefined {
  const operands = call.inputs;
  const size = productOf(shape);
  if (!isKnown(shape) || !operands.every(({ data }) => data) || size === undefined || size > largestData)
    return undefined;
  const pick = operands.map((operand) => broadcastIndex(isKnown(operand.shape) ? operand.shape : [], shape));
  return Array.from({ length: size }, (_, position) =>
    rounded(compute(...operands.map(({ data = [] }, i) => data[pick[i]?.(position) ?? 0])), dtype),
  );
}

/** As the runtime would store it: float32 arithmetic can round a scaled size differently. Zero has no sign here. */
function rounded(item: Dim, dtype: DType | undefined): Dim {
  if (typeof item !== 'number') return item;
  return (dtype === 'float32' ? Math.fround(item) : item) + 0;
}

function convert(data: readonly Dim[] | undefined, dtype: DType | undefined): readonly Dim[] | undefined {
  if (!data || !dtype || dtype === 'string') return undefined;
  if (dtype.includes('float')) return data.map((item) => rounded(item, dtype));
  if (dtype === 'bool') return data.map((item) => (typeof item === 'number' ? Number(item !== 0) : undefined));
  return data.map((item) => (typeof item === 'number' ? Math.trunc(item) : item));
}
