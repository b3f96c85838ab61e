import { z } from 'zod';
import type { SafetensorsTensor } from '../data/index.ts';
import type { RealNdArray } from '../numerics/index.ts';
import {
  checkTensors,
  type ExpectedTensor,
  finiteNumbers,
  openStatistics,
  type StatisticsFile,
  type StatisticsOrigin,
  statisticsPieces,
} from './statistics-file.ts';

const size = z.number().int().positive();
const error = z.number().nonnegative().nullable();
const tensorSchema = z.strictObject({ dtype: z.enum(['float32', 'float64']), dims: z.array(size) });
const nodeSchema = z.strictObject({
  name: z.string(),
  method: z.string(),
  ranks: z.record(z.string(), size),
  errors: z.strictObject({ predicted: error, heldBack: error }).describe('outputError, relative and squared'),
  factors: z.array(tensorSchema.extend({ name: z.string() })),
  bias: tensorSchema.nullable(),
});
const contentSchema = z.strictObject({ plan: z.unknown(), nodes: z.array(nodeSchema) });

type NodeDescription = z.infer<typeof nodeSchema>;

/** The outcome of one fit. */
export interface NodeFactors extends Pick<NodeDescription, 'name' | 'method' | 'ranks' | 'errors'> {
  /** By name; their contraction is the kernel. */
  readonly factors: ReadonlyMap<string, RealNdArray>;
  /** Of the last operator, corrected for the change of the means; undefined where the bias stays as it is. */
  readonly bias: RealNdArray | undefined;
}

export interface FactorsFile {
  readonly origin: StatisticsOrigin;
  /** plan.json as it was carried out: to be checked by whoever uses it. */
  readonly plan: unknown;
  readonly nodes: readonly string[];
  /** Undefined for a node that is not in it. @throws invalid-statistics (2) · unreadable-data (7) */
  read(node: string): Promise<NodeFactors | undefined>;
}

/**
 * The pieces of a file of fitted factors, for whoever writes files: `NAME/FACTOR` and `NAME/=bias` for node NAME, in the
 * precision they come in; methods, ranks, errors and the plan are in its metadata.
 */
export function writeFactors(
  origin: StatisticsOrigin,
  plan: unknown,
  nodes: readonly NodeFactors[],
): Iterable<Uint8Array> {
  const tensors = nodes.flatMap(({ name, factors, bias }) => [
    ...[...factors].map(([factor, array]) => tensorOf(factorName(name, factor), array)),
    ...(bias ? [tensorOf(biasName(name), bias)] : []),
  ]);
  return statisticsPieces('factors', origin, contentSchema.parse({ plan, nodes: nodes.map(describe) }), tensors);
}

function factorName(node: string, factor: string): string {
  return `${node}/${factor}`;
}

/** No factor is called `=bias`: names of factors are identifiers. */
function biasName(node: string): string {
  return `${node}/=bias`;
}

function describe({ name, method, ranks, errors, factors, bias }: NodeFactors): NodeDescription {
  const described = [...factors].map(([factor, array]) => ({ name: factor, ...typeOf(array) }));
  return { name, method, ranks, errors, factors: described, bias: bias ? typeOf(bias) : null };
}

function typeOf({ data, dims }: RealNdArray) {
  return { dtype: data instanceof Float32Array ? ('float32' as const) : ('float64' as const), dims: [...dims] };
}

function tensorOf(name: string, array: RealNdArray): SafetensorsTensor {
  const { buffer, byteOffset, byteLength } = array.data;
  return { name, ...typeOf(array), bytes: () => new Uint8Array(buffer, byteOffset, byteLength) };
}

/**
 * Opens a file of factors.
 *
 * @throws unreadable-data (7) · invalid-statistics (2) another kind or version of file, or tensors that are not as described
 */
export async function readFactors(file: string): Promise<FactorsFile> {
  const opened = await openStatistics(file, 'factors', contentSchema);
  const { nodes, plan } = opened.content;
  checkTensors(opened.tensors, nodes.flatMap(expectedTensors));
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return {
    origin: opened.origin,
    plan,
    nodes: [...byName.keys()],
    read: async (name) => {
      const node = byName.get(name);
      return node && readNode(opened, node);
    },
  };
}

function expectedTensors({ name, factors, bias }: NodeDescription): ExpectedTensor[] {
  return [
    ...factors.map(({ name: factor, dtype, dims }) => ({ name: factorName(name, factor), dtype, dims })),
    ...(bias ? [{ name: biasName(name), ...bias }] : []),
  ];
}

async function readNode({ tensors }: StatisticsFile<unknown>, node: NodeDescription): Promise<NodeFactors> {
  const { name, method, ranks, errors, bias } = node;
  const factors = new Map<string, RealNdArray>();
  for (const { name: factor, dims } of node.factors) {
    factors.set(factor, { data: await finiteNumbers(tensors, factorName(name, factor)), dims });
  }
  const corrected = bias && { data: await finiteNumbers(tensors, biasName(name)), dims: bias.dims };
  return { name, method, ranks, errors, factors, bias: corrected ?? undefined };
}
