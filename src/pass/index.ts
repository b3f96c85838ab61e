/** What a pass author meets: `import { definePass } from 'onnx-tucker/pass'`. */
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
export type { Factors, Fit, RealNdArray, Spectrum } from '../numerics/index.ts';
export { hasContradictingPads, resolveOutputPadding, resolvePads } from '../onnx/index.ts';
export { applyNodes, type Applied, type NodeResult } from './applier.ts';
export type { CandidateSpace, RankChoice } from './candidate.ts';
export type { FitContext, PassContext, Shapes } from './context.ts';
export { type Cost, operatorCost, type RequireGain } from './cost.ts';
export type { ChainStep, Decomposition, RankAxis, Ranks } from './decomposition.ts';
export { definePass } from './define-pass.ts';
export type { Editor, NewNode } from './editor.ts';
export type { Executor } from './execution-check.ts';
export { readKernel, toKernelOrder, toWeightOrder } from './kernel.ts';
export { constantTensor, fixedTensor, type LinearOperator, linearOperator } from './linear-operator.ts';
export { allNodes, linearNodes, nodeNames } from './node-names.ts';
export type { CleanupPass, FactorizePass, Pass, PatternPass, RankPass } from './pass.ts';
export { type Plan, type PlanNode, planSchema } from './plan.ts';
export { nodeMacs } from './node-cost.ts';
export { type PlanOptions, planNodes } from './planner.ts';
export { explainNode, inspectNodes, type InspectedNode, type MethodExplanation, type NodeExplanation } from './explain.ts';
export { parsePipeline, printPipeline } from './pipeline-text.ts';
export { findPass, type PipelineStep, resolvePipeline } from './resolve-pipeline.ts';
export { rankForEnergy, ranksFromSpectra, scaledRanks } from './rank-rules.ts';
export { splitDecomposition } from './split-decomposition.ts';
export { isSkip, type Skip, type SkipCode, skip } from './skip.ts';
export { type Environment, FitCache, type Policy } from './workspace.ts';
