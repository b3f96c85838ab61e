import {
  type DType,
  dtypeBits,
  fromFloat64,
  hasNumericData,
  type Model,
  memorySource,
  type Node,
  Tensor,
  toFloat64,
  toReals,
  type Value,
} from '../ir/index.ts';
import type { ShapeInfo } from '../onnx/index.ts';

/** A value that is the same in every run. */
export interface Constant {
  readonly value: Value;
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** The ConstantOfShape that fills it with one number, which a smaller one replaces: it need not be written out. */
  readonly filler: { readonly node: Node; readonly fill: number } | undefined;
  tensor(): Tensor;
  /** Elements, row-major. Reading one after the other is cheap, reading them in turn is not. */
  numbers(): Float32Array | Float64Array;
}

/** Of large constants only the one read last is kept, so that a model need not fit into memory twice. */
export interface Shelf {
  owner?: Constant;
  numbers?: Float32Array | Float64Array;
}

const kept = 2 ** 12;

/** Operators that give a constant other dims and the same bytes. */
const sameBytes = ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity'];

/** The largest tensor that a ConstantOfShape is written out for: more would be a memory bomb in a few bytes. */
const largestFill = 2 ** 28;

/**
 * What a value is in every run: an initializer that no graph input overrides, a Constant node, the same behind operators
 * that only give it other dims, one number many times, or a small tensor that shape inference has computed.
 */
export function constantOf(value: Value, model: Model, shapes: ShapeInfo, shelf: Shelf): Constant | undefined {
  if (value.tensor) {
    return model.isOverridable(value) ? undefined : stored(value, value.tensor, shelf);
  }
  const { producer } = value;
  if (!producer || producer.graph !== model.graph) return undefined;
  const attribute = producer.is('Constant') ? producer.attributes.get('value')?.value : undefined;
  return attribute?.kind === 'tensor'
    ? stored(value, attribute.value, shelf)
    : computed(value, producer, model, shapes, shelf);
}

function stored(value: Value, tensor: Tensor, shelf: Shelf): Constant | undefined {
  const isReadable = hasNumericData(tensor.dtype) && dtypeBits(tensor.dtype) >= 8;
  return isReadable ? constant(value, tensor.dtype, tensor.dims, () => tensor, shelf) : undefined;
}

function computed(value: Value, producer: Node, model: Model, shapes: ShapeInfo, shelf: Shelf): Constant | undefined {
  const dims = knownDims(shapes.shapeOf(value));
  const dtype = shapes.dtypeOf(value);
  if (!dims || !dtype || !hasNumericData(dtype)) return undefined;
  if (producer.is('ConstantOfShape')) return filled(value, producer, dims, dtype, shelf);
  const source = producer.is(...sameBytes) ? producer.inputs[0] : undefined;
  const from = source ? constantOf(source, model, shapes, shelf) : undefined;
  if (from)
    return constant(value, dtype, dims, () => new Tensor(dtype, dims, memorySource(from.tensor().bytes())), shelf);
  const data = shapes.constantOf(value);
  return data && constant(value, dtype, dims, () => fromFloat64(data, dims, dtype), shelf);
}

function filled(value: Value, node: Node, dims: readonly number[], dtype: DType, shelf: Shelf): Constant | undefined {
  const attribute = node.attributes.get('value')?.value;
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (size > largestFill || dtypeBits(dtype) < 8) return undefined;
  const [fill = 0] = attribute?.kind === 'tensor' ? toFloat64(attribute.value) : [];
  const make = () => fromFloat64(new Float64Array(size).fill(fill), dims, dtype);
  return constant(value, dtype, dims, make, shelf, { node, fill });
}

function constant(
  value: Value,
  dtype: DType,
  dims: readonly number[],
  tensor: () => Tensor,
  shelf: Shelf,
  filler?: Constant['filler'],
): Constant {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const own: Shelf = size <= kept ? {} : shelf;
  const read = () => {
    if (own.owner !== made || !own.numbers) Object.assign(own, { owner: made, numbers: toReals(tensor()) });
    return own.numbers as Float32Array | Float64Array;
  };
  const made: Constant = { value, dtype, dims, filler, tensor, numbers: read };
  return made;
}

function knownDims(shape: ReturnType<ShapeInfo['shapeOf']>): readonly number[] | undefined {
  return shape?.every((dim) => typeof dim === 'number') ? (shape as readonly number[]) : undefined;
}
