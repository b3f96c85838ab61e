// f(x, W₁), g(y, W₂), W₁ = W₂ bit for bit → f(x, W₁), g(y, W₁)
import { definePass, type Graph, type Value } from 'onnx-tucker/pass';
import { z } from 'zod';

export default definePass({
  name: 'share-initializers',
  kind: 'cleanup',
  summary: 'keep one of several identical initializers',
  options: z.strictObject({}),
  run(graph, edit) {
    for (const candidates of sameTypeAndShape(graph)) {
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

/** Initializers that may be equal; inputs and outputs keep their names, so they stay out of it. */
function sameTypeAndShape(graph: Graph): Iterable<readonly Value[]> {
  const interfaceValues = new Set([...graph.inputs, ...graph.outputs]);
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
