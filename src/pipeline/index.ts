/** The commands of the tool as functions: every room wired together. */
export { bench, verify } from './compare.ts';
export { apply, compress, plan } from './compress.ts';
export { type Explanation, explain, type Inspection, inspect } from './explain.ts';
export { explainPlan, type PlanExplanation } from './explain-plan.ts';
export { type Frontier, type FrontierPoint, frontierSchema } from './frontier.ts';
export { observe } from './observe.ts';
export type {
  BenchResult,
  CheckLevel,
  Compressed,
  EngineOptions,
  ModelInput,
  Statistics,
  SweepOptions,
  VerifyResult,
} from './options.ts';
export { loadPasses } from './plugins.ts';
export { type PresetName, presets } from './presets.ts';
export { sweep } from './sweep.ts';
export { tool } from './tool.ts';
