import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cloneModel, type Graph, Value, verifyModel } from '../../src/ir/index.ts';
import { plainModel } from '../support/plain-model.ts';
import { randomModel } from '../support/random-model.ts';

function graphsOf(graph: Graph): readonly Graph[] {
  return [graph, ...graph.nodes.flatMap((node) => node.subgraphs.flatMap(graphsOf))];
}

test('a clone says the same, is sound, and shares nothing but tensors', () => {
  fc.assert(
    fc.property(randomModel, (model) => {
      const { model: clone, nodes, values, graphs } = cloneModel(model);
      expect(plainModel(clone)).toEqual(plainModel(model));
      verifyModel(clone);
      for (const [from, to] of values) {
        expect(to).not.toBe(from);
        expect(to.tensor).toBe(from.tensor);
        for (const { node } of to.uses) expect([...nodes.values()]).toContain(node);
      }
      expect(new Set(graphs.values())).toEqual(
        new Set([clone.graph, ...clone.functions.map(({ body }) => body)].flatMap(graphsOf)),
      );
    }),
    { numRuns: 100 },
  );
});

test('what is done to a clone leaves the original as it was', () => {
  fc.assert(
    fc.property(randomModel, (model) => {
      const before = plainModel(model);
      const { model: clone } = cloneModel(model);
      for (const graph of graphsOf(clone.graph)) {
        for (const node of [...graph.nodes]) {
          node.name = 'changed';
          for (const value of node.outputs) if (value) value.name += '!';
          node.inputs.forEach((_, index) => {
            node.setInput(index, new Value('new'));
          });
        }
        graph.initializers.clear();
        graph.filter(() => false);
        graph.outputs.length = 0;
      }
      expect(plainModel(model)).toEqual(before);
    }),
    { numRuns: 100 },
  );
});
