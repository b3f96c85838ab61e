import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DiagnosticError } from '../../src/diagnostics.ts';
import {
  type Graph,
  int64Tensor,
  Model,
  Node,
  parseModel,
  predecessors,
  topologicalOrder,
  Value,
  verifyModel,
} from '../../src/ir/index.ts';
import { randomModel } from '../support/random-model.ts';

function diagnosticOf(model: Model): { readonly code: string; readonly node?: string; readonly tensor?: string } {
  try {
    verifyModel(model);
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    expect(error.diagnostic.exitCode).toBe(3);
    return { code: error.diagnostic.code, ...error.diagnostic.where };
  }
  return { code: 'accepted' };
}

/** A graph from text, `x` in and `y` out, free to be broken afterwards. */
function modelOf(...lines: readonly string[]): Model {
  return parseModel(['ir 10', 'graph "g" (%x) -> (%y) {', ...lines, '}'].join('\n'));
}

function nodeAt(model: Model, index: number): Node {
  const node = model.graph.nodes[index];
  if (!node) throw new Error(`no node ${index}`);
  return node;
}

function graphsOf(graph: Graph): readonly Graph[] {
  return [graph, ...graph.nodes.flatMap((node) => node.subgraphs.flatMap(graphsOf))];
}

describe('verifyModel', () => {
  test('accepts every valid model, in whatever order its nodes stand', () => {
    fc.assert(
      fc.property(randomModel, (model) => {
        expect(diagnosticOf(model)).toEqual({ code: 'accepted' });
      }),
      { numRuns: 300 },
    );
  });

  test('names what lost its definition, wherever it is read', () => {
    fc.assert(
      fc.property(randomModel, fc.nat(), (model, pick) => {
        const reads = graphsOf(model.graph).flatMap(({ nodes }) =>
          nodes.flatMap((node) => node.inputs.flatMap((value, index) => (value ? { node, index } : []))),
        );
        fc.pre(reads.length > 0);
        const { node, index } = reads[pick % reads.length] as (typeof reads)[number];
        node.setInput(index, new Value('nowhere'));
        expect(diagnosticOf(model)).toMatchObject({ code: 'missing-producer', tensor: 'nowhere' });
      }),
    );
  });

  test('refuses a second definition of a name: node against input, initializer, node', () => {
    for (const first of ['x', 'w', 'a']) {
      const model = modelOf('init %w = int64[1]{1}', '%a = A(%x)', '%y = "second" B(%a)');
      const [y] = nodeAt(model, 1).outputs;
      if (y) y.name = first;
      expect(diagnosticOf(model)).toEqual({ code: 'duplicate-definition', tensor: first, node: 'second' });
    }
  });

  test('refuses an initializer with the name of an input that is another value', () => {
    const model = modelOf('init %w = int64[1]{1}', '%y = A(%x, %w)');
    for (const value of model.graph.initializers) value.name = 'x';
    expect(diagnosticOf(model)).toMatchObject({ code: 'duplicate-definition', tensor: 'x' });
  });

  test('accepts an initializer that is an input as well', () => {
    const model = modelOf('%y = A(%x)');
    for (const value of model.graph.inputs) {
      value.tensor = int64Tensor([1]);
      model.graph.initializers.add(value);
    }
    expect(diagnosticOf(model)).toEqual({ code: 'accepted' });
  });

  test('refuses a graph output that nothing defines', () => {
    const model = modelOf('%y = A(%x)');
    model.graph.outputs[0] = new Value('z');
    expect(diagnosticOf(model)).toEqual({ code: 'missing-producer', tensor: 'z' });
  });

  const branches =
    '%y = "if" If(%x) {a = graph "t" () -> (%t) { %t = "in" B(%x) }, b = graph "e" () -> (%u) { %u = "out" C(%x) }}';

  test('a branch does not see what the other defines', () => {
    const model = modelOf(branches);
    const [then, otherwise] = nodeAt(model, 0).subgraphs;
    otherwise?.nodes[0]?.setInput(0, then?.outputs[0] ?? null);
    expect(diagnosticOf(model)).toEqual({ code: 'out-of-scope', node: 'out', tensor: 't' });
  });

  test('a capture must be what its name means: a shadowed value cannot be read', () => {
    const model = modelOf(branches);
    const t = nodeAt(model, 0).subgraphs[0]?.outputs[0];
    if (t) t.name = 'x';
    expect(diagnosticOf(model)).toEqual({ code: 'out-of-scope', node: 'in', tensor: 'x' });
  });

  test('refuses a ring of nodes and lists it in the direction of the data', () => {
    const model = modelOf('%a = "p" A(%x)', '%b = "q" B(%a)', '%y = "r" C(%b)');
    nodeAt(model, 0).setInput(1, nodeAt(model, 2).outputs[0] ?? null);
    expect(diagnosticOf(model)).toMatchObject({ code: 'cycle' });
    expect(() => verifyModel(model)).toThrow('p → q → r → p');
  });

  test('finds a ring that goes through a subgraph', () => {
    const model = modelOf('%a = "p" A(%x)', '%y = "if" If(%x) {a = graph "t" () -> (%t) { %t = B(%a) }}');
    nodeAt(model, 0).setInput(1, nodeAt(model, 1).outputs[0] ?? null);
    expect(() => verifyModel(model)).toThrow('p → if → p');
  });

  test('takes a use that is not remembered for an error of ours, not of the model', () => {
    const model = modelOf('%y = A(%x)');
    model.graph.inputs[0]?.uses.clear();
    expect(() => verifyModel(model)).toThrow('broken graph: value x is read 1 times and remembers 0');
  });

  test('walks a chain of 200 000 nodes, listed backwards', () => {
    const model = new Model(10);
    let value = new Value('x');
    model.graph.inputs.push(value);
    const nodes = Array.from({ length: 200_000 }, (_, index) => {
      const next = new Value(`v${index}`);
      const node = new Node({ opType: 'Relu', inputs: [value], outputs: [next] });
      value = next;
      return node;
    });
    for (const node of nodes.toReversed()) model.graph.append(node);
    model.graph.outputs.push(value);
    expect(diagnosticOf(model)).toEqual({ code: 'accepted' });
    expect(topologicalOrder(model.graph).nodes?.[0]).toBe(nodes[0]);
  });
});

describe('topologicalOrder', () => {
  test('puts every node after those that feed it, and loses none', () => {
    fc.assert(
      fc.property(randomModel, (model) => {
        for (const graph of graphsOf(model.graph)) {
          const order = topologicalOrder(graph).nodes ?? [];
          expect(new Set(order)).toEqual(new Set(graph.nodes));
          const position = new Map(order.map((node, index) => [node, index]));
          for (const [node, index] of position) {
            for (const before of predecessors(node)) expect(position.get(before)).toBeLessThan(index);
          }
        }
      }),
    );
  });

  test('leaves a list in order as it is', () => {
    fc.assert(
      fc.property(randomModel, (model) => {
        const order = topologicalOrder(model.graph).nodes ?? [];
        const listed = { nodes: order } as Pick<Graph, 'nodes'> as Graph;
        expect(topologicalOrder(listed).nodes?.every((node, index) => node === order[index])).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
