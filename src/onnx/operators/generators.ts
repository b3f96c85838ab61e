import type { Dim, DType, Tensor } from '../../ir/index.ts';
import { hasNumericData, isRealDType, toFloat64 } from '../../ir/index.ts';
import { type Fact, largestData, numbersOf, productOf, unknown, withData } from './fact.ts';
import { dtypeAttribute, inputOf, type OperatorRule, shapeOf, sizesFrom } from './operator-call.ts';

/** What a tensor says of itself; elements where they are few, but never those of kernels and matrices. */
export function tensorAsFact(tensor: Tensor): Fact {
  const { dtype, dims } = tensor;
  const readable = tensor.size <= largestData && hasNumericData(dtype) && (dims.length < 2 || !isRealDType(dtype));
  return withData({ dtype, shape: dims }, readable ? Array.from(toFloat64(tensor)) : undefined);
}

/** `value`, or since opset 12 a number, string or list of them. */
export const constant: OperatorRule = ({ node }) => {
  for (const { value } of node.attributes.values()) {
    switch (value.kind) {
      case 'tensor':
        return [tensorAsFact(value.value)];
      case 'int':
        return [{ dtype: 'int64', shape: [], data: [Number(value.value)] }];
      case 'float':
        return [{ dtype: 'float32', shape: [], data: [value.value] }];
      case 'string':
        return [{ dtype: 'string', shape: [] }];
      case 'ints':
        return [withData({ dtype: 'int64', shape: [value.value.length] }, value.value.map(Number))];
      case 'floats':
        return [withData({ dtype: 'float32', shape: [value.value.length] }, value.value)];
      case 'strings':
        return [{ dtype: 'string', shape: [value.value.length] }];
    }
  }
  return [unknown];
};

/** A tensor of the shape that the input holds, filled with one value; 0 unless given. */
export const constantOfShape: OperatorRule = (call) => {
  const attribute = call.node.attributes.get('value')?.value;
  const filling = attribute?.kind === 'tensor' ? tensorAsFact(attribute.value) : undefined;
  const dtype = filling?.dtype ?? 'float32';
  const shape = sizesFrom(call, 0);
  const count = productOf(shape) ?? Number.POSITIVE_INFINITY;
  const element = filling ? filling.data?.[0] : 0;
  const data = count <= largestData ? Array.from({ length: count }, () => element) : undefined;
  return [withData({ dtype, shape }, data)];
};

/** start, start + delta, … below limit. */
export const range: OperatorRule = (call) => {
  const { dtype } = inputOf(call, 0);
  const [start, limit, delta] = [0, 1, 2].map((index) => numbersOf(inputOf(call, index))?.[0]);
  if (start === undefined || limit === undefined || !delta) {
    // A range from 0 by ones has as many elements as its limit says, known or a symbol.
    return [{ dtype, shape: [start === 0 && delta === 1 ? inputOf(call, 1).data?.[0] : undefined] }];
  }
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  const data = count <= largestData ? Array.from({ length: count }, (_, i) => start + i * delta) : undefined;
  return [withData({ dtype, shape: [count] }, data)];
};

/** Random numbers in the shape and type of the attributes. */
export const random: OperatorRule = (call) => [
  { dtype: dtypeAttribute(call, 'dtype', 'float32'), shape: call.node.ints('shape') },
];

/** Draws per row. */
export const multinomial: OperatorRule = (call) => [
  { dtype: dtypeAttribute(call, 'dtype', 'int32'), shape: [shapeOf(call, 0)?.[0], call.node.int('sample_size', 1)] },
];

/** A fact that does not depend on the inputs. */
export function always(dtype: DType, shape: readonly Dim[]): OperatorRule {
  return () => [{ dtype, shape }];
}

/** Images decoded from bytes: [height, width, channels]. */
export const decodedImage: OperatorRule = ({ node }) => [
  { dtype: 'uint8', shape: [undefined, undefined, node.string('pixel_format', 'RGB') === 'Grayscale' ? 1 : 3] },
];
