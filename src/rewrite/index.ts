/** From passes to rewritten models: pipelines, plans, transactions, and the checks that each rewrite has to pass. */
export { type Applied, type ApplyOptions, applyNodes } from './applier.ts';
export {
  type Calibration,
  type FitMode,
  type FittedNode,
  type Observed,
  type ObservedModels,
  type Observer,
  type OperatorPair,
  type OutputError,
  originalAlone,
} from './calibration.ts';
export type {
  Candidate,
  CandidateOffer,
  CandidateOffers,
  FoundCandidates,
  NodeCandidates,
  NodeOffers,
  NodeWays,
} from './candidates.ts';
export type { RequireGain } from './cost.ts';
export type { CurveJob, CurveServer } from './curve-server.ts';
export type { GroupDescription } from './describe-groups.ts';
export { errorCurve } from './error-curve.ts';
export type { Executor } from './execution-check.ts';
export {
  explainNode,
  type InspectedNode,
  inspectNodes,
  type MethodExplanation,
  type NodeExplanation,
} from './explain.ts';
export { explainGroups, inspectGroups, type NodeGroup } from './explain-groups.ts';
export type { GroupOutcome } from './group-record.ts';
export { parseRanges } from './kept-ranges.ts';
export type { LoweredStep } from './lowering.ts';
export { nodeMacs } from './node-cost.ts';
export { allNodes, linearNodes, nodeNames } from './node-names.ts';
export { type NodeMoments, observeNodes } from './observe-nodes.ts';
export { type CandidateOptions, offerCandidates } from './offer-candidates.ts';
export type { OperatorStep } from './operator-step.ts';
export { parsePipeline, printPipeline } from './pipeline-text.ts';
export { type Evidence, type Plan, type PlanNode, type PrunedGroup, planSchema, type Rewrites } from './plan.ts';
export { writtenCost } from './plan-entry.ts';
export { type PlannedNode, plannedNodes } from './planned-chain.ts';
export { type PlanOptions, planNodes } from './planner.ts';
export type { GroupLevels, PruneLevel } from './prune-levels.ts';
export type { PrunedModel } from './remove-filters.ts';
export { type PipelineStep, resolvePipeline } from './resolve-pipeline.ts';
export type { NodeResult } from './rewriter.ts';
export { type SketchOptions, sketchModel } from './sketch-model.ts';
export { addGone } from './without-channels.ts';
export { type Environment, FitCache, type Policy } from './workspace.ts';
