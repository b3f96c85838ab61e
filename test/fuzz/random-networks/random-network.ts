import { attribute, type Model, type RealDType } from '../../../src/ir/index.ts';
import { type SeededRandom, seededRandom } from '../../../src/numerics/index.ts';
import { chance, integer, pick } from '../../support/draws.ts';
import { convolutionLayer } from './convolution-layers.ts';
import type { FeatureMap } from './feature-map.ts';
import { linear, type Matrix, matrixLayer } from './matrix-layers.ts';
import { NetworkDraft } from './network-draft.ts';

/** Nodes up to which a network grows; the last layer may go a little beyond. */
const fewest = 3;
const most = 9;

/**
 * A small network as exporters write them, and as they do not: convolutions in 1 to 3 dimensions with all their
 * attributes, branches, shared weights, subgraphs, or matrix products alone; opsets 9 to 22, IR 3 to 10, three types.
 * Every one loads in ONNX Runtime.
 */
export function randomNetwork(seed: number): Model {
  const random = seededRandom(seed, 'random-network');
  const irVersion = pick(random, [3, 4, 7, 8, 8, 10]);
  const opset = integer(random, 9, 22);
  // ONNX Runtime has no convolution in float64.
  const matrices = chance(random, 0.25);
  const dtype = pick<RealDType>(random, ['float32', 'float32', 'float32', matrices ? 'float64' : 'float16', 'float16']);
  const draft = new NetworkDraft({ irVersion, opset, dtype }, random);
  return matrices ? matrixNetwork(draft, random) : convolutionNetwork(draft, random);
}

function convolutionNetwork(draft: NetworkDraft, random: SeededRandom): Model {
  const batch = pick(random, ['N', 1, 2]);
  const axes = pick(random, [1, 2, 2, 2, 3]);
  // An open length gets 224 at first: too much in two dimensions, let alone three.
  const open = axes === 1 && chance(random, 0.3);
  const sizes = Array.from({ length: axes }, () => (axes === 3 ? integer(random, 3, 5) : integer(random, 4, 10)));
  const channels = pick(random, [1, 3, 4, 6, 8, 12]);
  const name = draft.input('x', [batch, channels, ...(open ? ['L'] : sizes)]);
  let map: FeatureMap = { name, channels, sizes, open, batch };
  const enough = integer(random, fewest, most);
  while (draft.graph.nodes.length < enough) {
    const next = convolutionLayer(draft, map);
    // A layer whose output nobody reads is a dead end; the first layer is none, or there would be no output.
    if (map.name === 'x' || !chance(random, 0.05)) map = next;
  }
  return draft.finish(chance(random, 0.6) ? classifier(draft, map) : map.name);
}

/** Pool, flatten, and one or two linear layers. */
function classifier(draft: NetworkDraft, { name, channels, sizes, open, batch }: FeatureMap): string {
  const ones = sizes.map(() => 1);
  const pooled = open || chance(draft.random, 0.5);
  const map = pooled ? draft.node('GlobalAveragePool', [name], [], [batch, channels, ...ones]) : name;
  const columns = (pooled ? ones : sizes).reduce((product, size) => product * size, channels);
  const flat = draft.node('Flatten', [map], [attribute.int('axis', 1)], [batch, columns]);
  const hidden = linear(draft, { name: flat, rows: [batch], columns });
  return chance(draft.random, 0.3) ? linear(draft, hidden).name : hidden.name;
}

function matrixNetwork(draft: NetworkDraft, random: SeededRandom): Model {
  const rows = pick<Matrix['rows']>(random, [['N'], [1], [4], ['N', 3], [2, 3]]);
  const columns = pick(random, [4, 8, 12, 24]);
  let matrix: Matrix = { name: draft.input('x', [...rows, columns]), rows, columns };
  const enough = integer(random, fewest, most);
  while (draft.graph.nodes.length < enough) matrix = matrixLayer(draft, matrix);
  return draft.finish(matrix.name);
}
