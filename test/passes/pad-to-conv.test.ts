import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { builtinPasses } from '../../passes/index.ts';
import { type Attribute, attribute, int64Tensor, type Model } from '../../src/ir/index.ts';
import { elementCount, seededRandom } from '../../src/numerics/index.ts';
import { openResources, type Resources } from '../../src/pipeline/environment.ts';
import { resolvePipeline } from '../../src/rewrite/index.ts';
import { Workspace } from '../../src/rewrite/workspace.ts';
import { ModelBuilder } from '../support/small-models.ts';

let resources: Resources;
beforeAll(() => {
  resources = openResources({});
});
afterAll(() => resources.close());

interface Shortcut {
  readonly dims?: readonly number[];
  readonly opset?: number;
  readonly starts?: readonly number[];
  readonly ends?: readonly number[];
  readonly axes?: readonly number[];
  readonly steps?: readonly number[];
  readonly pads?: readonly number[];
  readonly mode?: string;
  /** What reads the padded value. */
  readonly reader?: 'Add' | 'Mul';
  /** A second reader of the slice. */
  readonly peek?: boolean;
}

const largest = 2n ** 63n - 1n;

/** y = Add(Pad(Slice(x)), x₂), as exporters write a shortcut without weights. */
function shortcut(init: Shortcut = {}): Model {
  const { dims = [2, 4, 8, 6], opset = 13, axes = [2, 3], steps = [2, 2], mode = 'constant' } = init;
  const { reader = 'Add', peek = false, starts = axes.map(() => 0), pads = [0, 2, 0, 0, 0, 2, 0, 0] } = init;
  const ends = init.ends ? init.ends.map(BigInt) : axes.map(() => largest);
  const builder = new ModelBuilder({ opset }).input('x', dims);
  for (const [name, values] of Object.entries({ starts, ends, axes, steps, pads }))
    builder.tensor(name, int64Tensor(values));
  builder.node('Slice', ['x', 'starts', 'ends', 'axes', 'steps'], 'slice');
  const attributes: Attribute[] = [attribute.string('mode', mode)];
  if (opset < 11) builder.node('Pad', ['slice'], 'pad', [...attributes, attribute.ints('pads', pads)]);
  else builder.node('Pad', ['slice', 'pads'], 'pad', attributes);
  builder.random('other', [1]).node(reader, ['pad', 'other'], 'y').output('y');
  if (peek) builder.node('Relu', ['slice'], 'z').output('z');
  return builder.model;
}

function rewritten(model: Model): Model {
  const workspace = new Workspace(model, resources.environment);
  for (const step of resolvePipeline('pad-to-conv,eliminate-dead-nodes', builtinPasses)) workspace.run(step);
  return workspace.model;
}

const opTypes = (model: Model) => model.graph.nodes.map(({ opType }) => opType);

async function outputs(model: Model, dims: readonly number[]): Promise<readonly number[]> {
  const { executor } = resources.environment;
  if (!executor) throw new Error('no runtime');
  const data = Float32Array.from(seededRandom(0, 'x').normals(elementCount(dims)));
  return [...(await executor.run(model, { dims, data }))];
}

describe('pad-to-conv', () => {
  test.each<[string, Shortcut]>([
    ['every other position', {}],
    ['opset 10, where pads are an attribute', { opset: 10 }],
    ['axes counted from the end', { axes: [-2, -1] }],
    ['another step along each axis', { steps: [3, 2] }],
    ['one axis alone', { axes: [3], steps: [2] }],
    ['zeros on one side', { pads: [0, 0, 0, 0, 0, 3, 0, 0] }],
    ['an end that the size says', { ends: [8, 6] }],
    ['signals', { dims: [1, 3, 9], axes: [2], steps: [2], pads: [0, 1, 0, 0, 2, 0] }],
    ['volumes', { dims: [1, 2, 4, 5, 6], axes: [2, 3, 4], steps: [2, 1, 3], pads: [0, 1, 0, 0, 0, 0, 1, 0, 0, 0] }],
  ])('a shortcut becomes one convolution and gives the same bits: %s', async (_, init) => {
    const model = shortcut(init);
    const after = rewritten(model);
    expect(opTypes(after)).toEqual(['Conv', 'Add']);
    expect([...after.graph.initializers].map(({ name }) => name)).toHaveLength(2);
    const dims = init.dims ?? [2, 4, 8, 6];
    expect(await outputs(after, dims)).toEqual(await outputs(model, dims));
  });

  test.each<[string, Shortcut, readonly string[]]>([
    ['a slice that somebody else reads', { peek: true }, ['Slice', 'Conv', 'Add', 'Relu']],
    ['a slice from the second position on', { starts: [1, 0] }, ['Slice', 'Conv', 'Add']],
    ['a slice that ends before the end', { ends: [7, 6] }, ['Slice', 'Conv', 'Add']],
    ['a slice of channels', { axes: [1, 2], steps: [2, 2] }, ['Slice', 'Conv', 'Add']],
  ])('the convolution reads %s', async (_, init, expected) => {
    const model = shortcut(init);
    const after = rewritten(model);
    expect(opTypes(after).toSorted()).toEqual(expected.toSorted());
    if (!init.peek) expect(await outputs(after, [2, 4, 8, 6])).toEqual(await outputs(model, [2, 4, 8, 6]));
  });

  test.each<[string, Shortcut]>([
    ['positions as well', { pads: [0, 1, 1, 0, 0, 1, 0, 0] }],
    ['fewer channels', { pads: [0, -1, 0, 0, 0, 2, 0, 0] }],
    ['what is not zero', { mode: 'edge' }],
    ['nothing that is added', { reader: 'Mul' }],
  ])('a pad that makes %s stays', (_, init) => {
    const model = shortcut(init);
    expect(opTypes(rewritten(model))).toEqual(opTypes(model));
  });

  test('a pad by numbers that the caller may feed stays', () => {
    const model = shortcut();
    const pads = [...model.graph.initializers].find(({ name }) => name === 'pads');
    if (pads) model.graph.inputs.push(pads);
    expect(opTypes(rewritten(model))).toEqual(opTypes(model));
  });

  test('is idempotent', () => {
    const once = rewritten(shortcut());
    const workspace = new Workspace(once, resources.environment);
    expect(resolvePipeline('pad-to-conv', builtinPasses).map((step) => workspace.run(step))).toEqual([false]);
  });
});
