// f(x, W₁), g(y, W₂), W₁ = W₂ bit for bit → f(x, W₁), g(y, W₁)
import { definePass, type Graph, type Value } from 'onnx-tucker/pass';
import { z } from 'zod';

export default definePass({
  name: 'share-initializers',
  kind: 'cleanup',
  summary: 'keep one of several identical initializers',
  options: z.strictObject({}),
  run(graph, edit, { model }) {
    for (const candidates of sameTypeAndShape(graph, model.irVersion)) {
      const kept: Value[] = [];
      for (const value of candidates) {
        const twin = kept.find((other) => sameBytes(other, value));
        if (!twin) {
          kept.push(value);
          continue;
        }
        edit.replaceUses(value, twin);
        edit.removeInitializer(value);
      }
    }
  },
});

/**
 * Initializers that may be equal. Outputs keep their names, so they stay out of it, and so do initializers that are
 * inputs: callers may replace them. Before IR 4 all are listed as inputs, and none is replaced.
 */
function sameTypeAndShape(graph: Graph, irVersion: number): Iterable<readonly Value[]> {
  const interfaceValues = new Set([...(irVersion < 4 ? [] : graph.inputs), ...graph.outputs]);
  const groups = new Map<string, Value[]>();
  for (const value of graph.initializers) {
    if (!value.tensor || value.tensor.dtype === 'string' || interfaceValues.has(value)) continue;
    const key = `${value.tensor.dtype} ${value.tensor.dims.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return groups.values();
}

function sameBytes(a: Value, b: Value): boolean {
  return a.tensor !== undefined && b.tensor !== undefined && Buffer.compare(a.tensor.bytes(), b.tensor.bytes()) === 0;
}
