import { z } from 'zod';
import type { SafetensorsTensor } from '../data/index.ts';
import { type Diagnostic, diagnostics } from '../diagnostics.ts';
import type { GroupMoments, Moments } from '../numerics/index.ts';
import {
  checkTensors,
  type ExpectedTensor,
  finiteNumbers,
  invalidStatistics,
  openStatistics,
  type StatisticsFile,
  type StatisticsOrigin,
  statisticsPieces,
} from './statistics-file.ts';
import { packTriangle, triangleSize, unpackTriangle } from './upper-triangle.ts';

const size = z.number().int().positive();
const nodeSchema = z.strictObject({
  name: z.string(),
  rows: size.describe('n, patches that the moments are over'),
  groups: size,
  inputs: size.max(16_384).describe('P, numbers in a patch'),
  outputs: size.describe('T, outputs of a group'),
  gradients: z.boolean().default(false).describe('whether gradients of the outputs are known'),
});
const contentSchema = z.strictObject({ nodes: z.array(nodeSchema) });

type NodeSizes = z.infer<typeof nodeSchema>;

export interface NodeMoments {
  readonly name: string;
  readonly moments: Moments;
}

/** What a file keeps of one operator: everything but the cross moments, which without rewriting are W·G. */
export interface StoredMoments {
  /** n. */
  readonly rows: number;
  readonly groups: readonly Omit<GroupMoments, 'cross'>[];
}

export interface MomentsFile {
  readonly origin: StatisticsOrigin;
  /** Names of the nodes, in the order of the file. */
  readonly nodes: readonly string[];
  /** Undefined for a node that is not in it. @throws invalid-statistics (2) · unreadable-data (7) */
  read(node: string): Promise<StoredMoments | undefined>;
}

/** Fewer samples than this are not written: their moments say too much about each of them. */
const leastSamples = 16;

/**
 * The pieces of a file of moments, for whoever writes files. For node NAME it has, with the groups on the first axis,
 *
 * - `NAME/mean_x` float64[G, P] and `NAME/mean_y` float64[G, T]
 * - `NAME/gram_upper` float32[G, P·(P+1)/2]: the upper triangle of G = E[x xᵀ] − E[x]E[x]ᵀ, row by row
 * - `NAME/variance_y` float64[G, T]
 * - `NAME/gradients_upper` float32[G, T·(T+1)/2], where they are known: of H = E[g gᵀ], g the gradients of the outputs
 *
 * @throws too-few-samples (2) the moments would show the samples
 */
export function writeMoments(
  origin: StatisticsOrigin,
  nodes: readonly NodeMoments[],
  onWarning: (warning: Diagnostic) => void = () => {},
): Iterable<Uint8Array> {
  if (origin.samples < leastSamples) {
    const message = `statistics of ${origin.samples} samples would show what is in each of them`;
    throw diagnostics.data('too-few-samples', message, undefined, `observe at least ${leastSamples}, better hundreds`);
  }
  const sizes = nodes.map(sizesOf);
  const warning = revealing(sizes);
  if (warning) onWarning(warning);
  const tensors = nodes.flatMap(({ name, moments }, k) => tensorsOf(name, moments.groups, sizes[k]?.inputs ?? 0));
  return statisticsPieces('moments', origin, { nodes: sizes }, tensors);
}

/** n rows of more than n numbers each: their second moments span exactly these rows. */
function revealing(nodes: readonly NodeSizes[]): Diagnostic | undefined {
  const [node] = nodes
    .filter(({ rows, inputs }) => rows <= inputs)
    .sort((a, b) => a.rows / a.inputs - b.rows / b.inputs);
  if (!node) return undefined;
  const message = `${node.rows} rows of ${node.inputs} numbers: their second moments span the rows, and can show single samples`;
  const hint = 'observe more samples before the file is given to others';
  return diagnostics.warning('revealing-statistics', message, { node: node.name }, hint);
}

function sizesOf({ name, moments: { rows, groups } }: NodeMoments): NodeSizes {
  const [first] = groups;
  const sizes = { inputs: first?.meanX.length ?? 0, outputs: first?.meanY.length ?? 0 };
  return { name, rows, groups: groups.length, ...sizes, gradients: groups.every((group) => group.gradients) };
}

function expectedTensors({ name, groups, inputs, outputs }: Omit<NodeSizes, 'rows' | 'gradients'>) {
  return {
    meanX: { name: `${name}/mean_x`, dtype: 'float64', dims: [groups, inputs] },
    meanY: { name: `${name}/mean_y`, dtype: 'float64', dims: [groups, outputs] },
    gram: { name: `${name}/gram_upper`, dtype: 'float32', dims: [groups, triangleSize(inputs)] },
    varianceY: { name: `${name}/variance_y`, dtype: 'float64', dims: [groups, outputs] },
    gradients: { name: `${name}/gradients_upper`, dtype: 'float32', dims: [groups, triangleSize(outputs)] },
  } as const satisfies Record<string, ExpectedTensor>;
}

function tensorsOf(name: string, groups: readonly GroupMoments[], inputs: number): SafetensorsTensor[] {
  const outputs = groups[0]?.meanY.length ?? 0;
  const tensors = expectedTensors({ name, groups: groups.length, inputs, outputs });
  const stacked = (key: 'meanX' | 'meanY' | 'varianceY') => ({
    ...tensors[key],
    bytes: () => new Uint8Array(Float64Array.from(groups.flatMap((group) => [...group[key]])).buffer),
  });
  const triangles = (matrices: readonly Float32Array[], n: number) => () => {
    const packed = new Float32Array(groups.length * triangleSize(n));
    for (const [g, matrix] of matrices.entries()) packTriangle(matrix, n, packed, g * triangleSize(n));
    return new Uint8Array(packed.buffer);
  };
  const grams = groups.map((group) => group.gram);
  const gradients = groups.flatMap((group) => (group.gradients ? [Float32Array.from(group.gradients)] : []));
  return [
    stacked('meanX'),
    stacked('meanY'),
    { ...tensors.gram, bytes: triangles(grams, inputs) },
    stacked('varianceY'),
    ...(gradients.length === groups.length ? [{ ...tensors.gradients, bytes: triangles(gradients, outputs) }] : []),
  ];
}

/**
 * Opens a file of moments.
 *
 * @throws unreadable-data (7) · invalid-statistics (2) another kind or version of file, or tensors that are not as described
 */
export async function readMoments(file: string): Promise<MomentsFile> {
  const opened = await openStatistics(file, 'moments', contentSchema);
  const { nodes } = opened.content;
  checkTensors(
    opened.tensors,
    nodes.flatMap((node) => {
      const { gradients, ...always } = expectedTensors(node);
      return [...Object.values(always), ...(node.gradients ? [gradients] : [])];
    }),
  );
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return {
    origin: opened.origin,
    nodes: [...byName.keys()],
    read: async (name) => {
      const node = byName.get(name);
      return node && readNode(opened, node);
    },
  };
}

async function readNode({ tensors }: StatisticsFile<unknown>, node: NodeSizes): Promise<StoredMoments> {
  const { groups, inputs, outputs, rows } = node;
  const names = expectedTensors(node);
  const [meanX, meanY, gram, varianceY] = await Promise.all(
    [names.meanX, names.meanY, names.gram, names.varianceY].map(({ name }) => finiteNumbers(tensors, name)),
  );
  const slopes = node.gradients ? await finiteNumbers(tensors, names.gradients.name) : undefined;
  const negative = (values: Iterable<number> = []) => [...values].some((value) => value < 0);
  const part = (values: ArrayLike<number> = [], g: number, length: number) =>
    Float64Array.from({ length }, (_, k) => values[g * length + k] ?? 0);
  return {
    rows,
    groups: Array.from({ length: groups }, (_, g) => {
      const matrix = unpacked(gram, inputs, g);
      const variance = part(varianceY, g, outputs);
      const gradients = slopes && Float64Array.from(unpacked(slopes, outputs, g));
      if ([variance, diagonal(matrix, inputs), gradients && diagonal(gradients, outputs)].some(negative)) {
        throw invalidStatistics(tensors.file, `node "${node.name}" has negative variances`);
      }
      const means = { meanX: part(meanX, g, inputs), meanY: part(meanY, g, outputs) };
      return { ...means, gram: matrix, varianceY: variance, ...(gradients && { gradients }) };
    }),
  };
}

/** Matrix `g` of triangles one after the other. */
function unpacked(triangles: unknown, n: number, g: number): Float32Array {
  return unpackTriangle(triangles instanceof Float32Array ? triangles : new Float32Array(), n, g * triangleSize(n));
}

function diagonal(matrix: ArrayLike<number>, n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => matrix[i * n + i] ?? 0);
}
