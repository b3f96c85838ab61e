import type { Dim, DType, Value, ValueType } from '../../ir/index.ts';
import type { Fact } from '../operators/index.ts';

/** What is known of a model's values before it runs. Values that inference never met are unknown. */
export interface ShapeInfo {
  /** Type of a tensor whose element type is known. */
  typeOf(value: Value): ValueType | undefined;
  /** Sizes, symbols ('N') and unknowns; undefined where not even the rank is known. */
  shapeOf(value: Value): readonly Dim[] | undefined;
  dtypeOf(value: Value): DType | undefined;
  /** Elements, row-major, of small tensors that are the same in every run: initializers and what follows from them. */
  constantOf(value: Value): readonly number[] | undefined;
}

export function shapeInfo(facts: ReadonlyMap<Value, Fact>): ShapeInfo {
  const shapeOf = (value: Value) => facts.get(value)?.shape ?? value.shape;
  const dtypeOf = (value: Value) => facts.get(value)?.dtype ?? value.dtype;
  return {
    shapeOf,
    dtypeOf,
    typeOf(value) {
      const [dtype, shape] = [dtypeOf(value), shapeOf(value)];
      if (!dtype) return value.type;
      return { kind: 'tensor', dtype, ...(shape && { shape }) };
    },
    constantOf(value) {
      const data = facts.get(value)?.data;
      return data?.every((item) => typeof item === 'number') ? (data as readonly number[]) : undefined;
    },
  };
}
