import type { Site } from '../site.ts';
import { convolution } from './convolution.ts';
import { depthToSpace, spaceToDepth } from './depth-space.ts';
import { elementwise } from './elementwise.ts';
import { gemm, matMul } from './matrix.ts';
import { concat, expand, transpose } from './movement.ts';
import { batchNormalization, instanceNormalization, mixesAlong, softmax } from './normalization.ts';
import { pad } from './pad.ts';
import { argReduction, pooling, reduction } from './pooling.ts';
import { flatten, reshape } from './reshape.ts';
import { resize } from './resize.ts';
import { elementwiseOperators } from './scalar-functions.ts';
import { shape } from './shape.ts';
import { gather, slice, split } from './slicing.ts';
import { squeeze, unsqueeze } from './squeeze.ts';

/** What an operator does with the channels of its inputs. */
export type ChannelRule = (site: Site) => void;

const families: readonly (readonly [ChannelRule, ...(readonly string[])])[] = [
  [convolution, 'Conv', 'ConvTranspose'],
  [gemm, 'Gemm'],
  [matMul, 'MatMul'],
  [elementwise, ...elementwiseOperators],
  [batchNormalization, 'BatchNormalization'],
  [instanceNormalization, 'InstanceNormalization'],
  [softmax, 'Softmax', 'LogSoftmax', 'Hardmax'],
  [mixesAlong(() => [1]), 'LRN'],
  [mixesAlong(({ node }) => [node.int('axis', -1)]), 'LpNormalization', 'TopK'],
  [mixesAlong((site) => site.numbers(1)), 'CumSum'],
  [pooling, 'Crop', 'MaxPool', 'AveragePool', 'LpPool', 'GlobalMaxPool', 'GlobalAveragePool', 'GlobalLpPool'],
  [reduction, 'ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2'],
  [reduction, 'ReduceSumSquare', 'ReduceLogSum', 'ReduceLogSumExp'],
  [argReduction, 'ArgMax', 'ArgMin'],
  [depthToSpace, 'DepthToSpace'],
  [spaceToDepth, 'SpaceToDepth'],
  [resize, 'Resize', 'Upsample'],
  [transpose, 'Transpose'],
  [concat, 'Concat'],
  [split, 'Split'],
  [slice, 'Slice'],
  [gather, 'Gather'],
  [expand, 'Expand', 'Tile'],
  [pad, 'Pad'],
  [reshape, 'Reshape'],
  [flatten, 'Flatten'],
  [squeeze, 'Squeeze'],
  [unsqueeze, 'Unsqueeze'],
  [shape, 'Shape'],
];

/** Rules that look at channels of every input themselves. */
export const readsAllInputs: ReadonlySet<ChannelRule> = new Set([convolution, gemm, matMul, elementwise, concat]);

/** Operators of the default domain by name; any other freezes the channels that it reads. */
export const channelRules: ReadonlyMap<string, ChannelRule> = new Map(
  families.flatMap(([rule, ...opTypes]) => opTypes.map((opType) => [opType, rule] as const)),
);
