import type { Dim, DType, Value, ValueType } from '../../ir/index.ts';
import type { Fact } from '../operators/index.ts';

/** What is known of a model's values before it runs. A value that inference never met is what it says itself. */
export interface ShapeInfo {
  /** Type of a tensor whose element type is known. */
  typeOf(value: Value): ValueType | undefined;
  /** Sizes, symbols ('N') and unknowns; undefined where not even the rank is known. */
  shapeOf(value: Value): readonly Dim[] | undefined;
  dtypeOf(value: Value): DType | undefined;
  /** Elements, row-major, of small tensors that are the same in every run: initializers and what follows from them. */
  constantOf(value: Value): readonly number[] | undefined;
  /** The same as far as elements are known: numbers, symbols and unknowns. */
  dataOf(value: Value): readonly Dim[] | undefined;
}

export function shapeInfo(facts: ReadonlyMap<Value, Fact>): ShapeInfo {
  // A value made after the inference says of itself what is known; of one that was met, an old size may not hold.
  const of = (value: Value): Fact => facts.get(value) ?? value;
  const shapeOf = (value: Value) => of(value).shape;
  const dtypeOf = (value: Value) => of(value).dtype;
  return {
    shapeOf,
    dtypeOf,
    typeOf(value) {
      const [dtype, shape] = [dtypeOf(value), shapeOf(value)];
      if (!dtype || dtype === 'undefined') return value.type;
      return { kind: 'tensor', dtype, ...(shape && { shape }) };
    },
    dataOf: (value) => facts.get(value)?.data,
    constantOf(value) {
      const data = facts.get(value)?.data;
      return data?.every((item) => typeof item === 'number') ? (data as readonly number[]) : undefined;
    },
  };
}
