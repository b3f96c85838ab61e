/** What a pass author meets: `import { definePass } from 'onnx-tucker/pass'`. */
export { type ChannelGroup, type ChannelGroups, filterNorms } from '../channels/index.ts';
export {
  type Attribute,
  attribute,
  captures,
  type DType,
  fromFloat64,
  type Graph,
  type Model,
  type Node,
  Tensor,
  toFloat64,
  Value,
} from '../ir/index.ts';
export type { Factors, Fit, KernelMetric, RealNdArray, Spectrum } from '../numerics/index.ts';
export { hasContradictingPads, resolveOutputPadding, resolvePads } from '../onnx/index.ts';
export { calibratedSteps, calibratedSweeps } from './calibrated-effort.ts';
export type { CandidateSpace, Cost, RankChoice } from './candidate.ts';
export type { Effort, FitContext, PassContext, Shapes } from './context.ts';
export type { ChainStep, Decomposition, ErrorCurve, RankAxis, Ranks } from './decomposition.ts';
export { kernelIndices, networkAt } from './decomposition.ts';
export { definePass } from './define-pass.ts';
export type { Editor, NewNode } from './editor.ts';
export { readKernel, toKernelOrder, toWeightOrder } from './kernel.ts';
export { constantTensor, fixedTensor, type LinearOperator, linearOperator } from './linear-operator.ts';
export type { CleanupPass, FactorizePass, Pass, PatternPass, PrunePass, RankPass } from './pass.ts';
export {
  activationOrder,
  byScore,
  type GroupReader,
  type PruneEvidence,
  type PruneOrder,
  type PruneQuestion,
  type PruneRule,
  surgeonOrder,
} from './prune-rule.ts';
export { rankForEnergy, ranksFromSpectra, scaledRanks } from './rank-rules.ts';
export { isSkip, type Skip, type SkipCode, skip } from './skip.ts';
export { sourcePositions } from './source-positions.ts';
export { splitDecomposition } from './split-decomposition.ts';
