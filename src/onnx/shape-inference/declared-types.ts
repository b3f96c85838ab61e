import type { Dim, Graph, Value } from '../../ir/index.ts';
import { ownValue } from '../../own-value.ts';
import type { Fact } from '../operators/index.ts';

/** What the file says of its values, as far as it holds for the input shapes asked for. */
export interface DeclaredTypes {
  of(value: Value): Fact;
}

/**
 * With other input shapes than the file's, a symbol that got a number has that number wherever it stands. Once a
 * number of the file is replaced, the sizes that the file gives for other values were computed for the old one and are
 * no longer believed.
 */
export function declaredTypes(graph: Graph, inputShapes: Readonly<Record<string, readonly Dim[]>>): DeclaredTypes {
  const given = new Map<Value, readonly Dim[]>();
  const symbols = new Map<string, Dim>();
  let believed = true;
  for (const value of graph.inputs) {
    const shape = ownValue(inputShapes, value.name);
    if (!shape || value.tensor) continue;
    given.set(value, shape);
    value.shape?.forEach((dim, axis) => {
      if (typeof dim === 'string') symbols.set(dim, shape[axis]);
      if (typeof dim === 'number' && dim !== shape[axis]) believed = false;
    });
  }
  const interfaceValues = new Set(graph.inputs);
  const substitute = (dim: Dim) => (typeof dim === 'string' && symbols.has(dim) ? symbols.get(dim) : dim);
  return {
    of(value) {
      const dtype = value.dtype === 'undefined' ? undefined : value.dtype;
      const shape =
        given.get(value) ?? (believed || interfaceValues.has(value) ? value.shape?.map(substitute) : undefined);
      return { dtype, shape };
    },
  };
}
