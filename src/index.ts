/**
 * The library: `compress`, `plan`, `apply`, `observe`, `sweep` and `verify` do what the commands of the same names do.
 *
 * @packageDocumentation
 */

export { type Config, defineConfig } from './cli/index.ts';
export { type Diagnostic, DiagnosticError, type ExitCode } from './diagnostics.ts';
export type { Event, OnEvent, Stage } from './events.ts';
export { definePass, type Pass } from './pass/index.ts';
export {
  apply,
  bench,
  type Compressed,
  compress,
  type EngineOptions,
  explain,
  explainPlan,
  type Frontier,
  type FrontierPoint,
  frontierSchema,
  inspect,
  type ModelInput,
  observe,
  plan,
  presets,
  type Statistics,
  type SweepOptions,
  sweep,
  type VerifyResult,
  verify,
} from './pipeline/index.ts';
export {
  frontierCsv,
  frontierSvg,
  frontierTable,
  type Report,
  reportSchema,
  toHtml,
  toJson,
  toTerminal,
} from './report/index.ts';
export { type Plan, type PlanNode, planSchema } from './rewrite/index.ts';
