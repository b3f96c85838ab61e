import { attribute, Graph, Node, Value } from '../../../src/ir/index.ts';
import { chance, integer, pick } from '../../support/draws.ts';
import { windowOutput } from '../../support/random-window.ts';
import {
  activation,
  batchNorm,
  choose,
  convolution,
  convolutionWeight,
  type FeatureMap,
  place,
  sameWindow,
  transposed,
} from './feature-map.ts';
import type { NetworkDraft } from './network-draft.ts';

type Layer = (draft: NetworkDraft, from: FeatureMap) => FeatureMap;

/** One to five nodes on top of `from`. */
export function convolutionLayer(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  return pick(draft.random, layers)(draft, from);
}

const normalized: Layer = (draft, from) => activation(draft, batchNorm(draft, convolution(draft, from)));

const layers: readonly Layer[] = [
  (draft, from) => convolution(draft, from),
  (draft, from) => convolution(draft, from),
  normalized,
  normalized,
  (draft, from) => transposed(draft, from),
  (draft, from) => batchNorm(draft, transposed(draft, from)),
  activation,
  batchNorm,
  residual,
  normalizedSkip,
  branches,
  gate,
  pool,
  conditional,
  sharedTwice,
];

/** x + f(x), with batch-norm on f or on the sum. */
function residual(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  const { channels, sizes } = from;
  const choice = {
    window: sameWindow(draft, sizes),
    groups: chance(draft.random, 0.3) ? channels : 1,
    outputs: channels,
  };
  const inner = convolution(draft, from, choice);
  const branch = chance(draft.random, 0.5) ? batchNorm(draft, inner) : inner;
  const sum = place(
    draft,
    from,
    'Add',
    chance(draft.random, 0.5) ? [branch.name, from.name] : [from.name, branch.name],
    [],
    channels,
    sizes,
  );
  return chance(draft.random, 0.5) ? activation(draft, sum) : sum;
}

/** x + BatchNormalization(x): batch-norm behind a value that somebody else reads as well. */
function normalizedSkip(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  return place(draft, from, 'Add', [batchNorm(draft, from).name, from.name], [], from.channels, from.sizes);
}

/** Two convolutions that walk alike over the same value, added or joined. */
function branches(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  const choice = choose(draft, from, false);
  const [a, b] = [convolution(draft, from, choice), convolution(draft, from, choice)];
  // ONNX Runtime 1.30 ends now and then with a segmentation fault on the sum of two grouped convolutions.
  const joined = choice.groups > 1 || chance(draft.random, 0.5);
  const attributes = joined ? [attribute.int('axis', 1)] : [];
  return place(
    draft,
    a,
    joined ? 'Concat' : 'Add',
    [a.name, b.name],
    attributes,
    joined ? 2 * a.channels : a.channels,
    a.sizes,
  );
}

/** x · sigmoid(Conv 1×1(mean of x)). */
function gate(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  const { channels, sizes } = from;
  const ones = sizes.map(() => 1);
  const mean = { ...place(draft, from, 'GlobalAveragePool', [from.name], [], channels, ones), open: false };
  const choice = { window: sameWindow(draft, ones), groups: 1, outputs: channels };
  const scale = place(draft, mean, 'Sigmoid', [convolution(draft, mean, choice).name], [], channels, ones);
  return place(draft, from, 'Mul', [from.name, scale.name], [], channels, sizes);
}

function pool(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  const { channels, sizes } = from;
  if (sizes.some((size) => size < 2)) return activation(draft, from);
  const opType = pick(draft.random, ['MaxPool', 'AveragePool']);
  const strides = sizes.map(() => pick(draft.random, [1, 2]));
  const kernel = sizes.map((size) =>
    pick(
      draft.random,
      [2, 3].filter((taps) => taps <= size),
    ),
  );
  const padding = pick(draft.random, ['none', 'pads', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const);
  const pads = [...kernel, ...kernel].map((taps) => integer(draft.random, 0, taps - 1));
  const attributes = [
    attribute.ints('kernel_shape', kernel),
    attribute.ints('strides', strides),
    ...(padding === 'pads' ? [attribute.ints('pads', pads)] : []),
    ...(padding === 'none' || padding === 'pads' ? [] : [attribute.string('auto_pad', padding)]),
    ...(opType === 'AveragePool' && chance(draft.random, 0.5) ? [attribute.int('count_include_pad', 1)] : []),
  ];
  const window = {
    transposed: false,
    kernel,
    strides,
    span: kernel,
    padding,
    pads,
    outputPadding: kernel.map(() => 0),
    attributes,
  };
  return place(draft, from, opType, [from.name], attributes, channels, windowOutput(window, sizes));
}

/** If, with a Conv on a captured value in one branch; in IR 3 its weight is captured too. */
function conditional(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  const { channels, sizes } = from;
  const window = sameWindow(draft, sizes);
  const outer = draft.weight([channels, channels, ...window.kernel], channels);
  const branch = (name: string, build: (graph: Graph, output: Value) => Node) => {
    const graph = new Graph(name);
    graph.parent = draft.graph;
    const output = new Value(draft.fresh(name), { kind: 'tensor', dtype: draft.kind.dtype });
    graph.append(build(graph, output));
    graph.outputs.push(output);
    return { name, value: { kind: 'graph', value: graph } } as const;
  };
  const source = draft.value(from.name);
  const attributes = [
    branch('then_branch', (graph, output) => {
      const captured = draft.kind.irVersion === 3 || chance(draft.random, 0.5);
      const tensor = draft.value(outer).tensor;
      const weight = captured || !tensor ? draft.value(outer) : graph.addInitializer(draft.fresh('inner'), tensor);
      return new Node({
        name: draft.fresh('inner-conv'),
        opType: 'Conv',
        inputs: [source, weight],
        outputs: [output],
        attributes: window.attributes,
      });
    }),
    branch('else_branch', (_, output) => new Node({ opType: 'Relu', inputs: [source], outputs: [output] })),
  ];
  const before = chance(draft.random, 0.5)
    ? convolution(draft, from, { window, groups: 1, outputs: channels }, outer)
    : undefined;
  const chosen = place(draft, from, 'If', [draft.condition().name], attributes, channels, sizes);
  return before ? place(draft, from, 'Add', [before.name, chosen.name], [], channels, sizes) : chosen;
}

/** The same weight twice, one Conv after the other. */
function sharedTwice(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  const choice = { window: sameWindow(draft, from.sizes), groups: 1, outputs: from.channels };
  const weight = convolutionWeight(draft, from, choice);
  return convolution(draft, activation(draft, convolution(draft, from, choice, weight)), choice, weight);
}
