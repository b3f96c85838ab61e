/** What the command asks of the library. It is passed in, so that the command can be tested without a compiler. */
import type { Pass } from '../pass/index.ts';
import type * as pipeline from '../pipeline/index.ts';

export type {
  BenchResult,
  Compressed,
  EngineOptions,
  Explanation,
  Frontier,
  Inspection,
  ModelInput,
  PlanExplanation,
  VerifyResult,
} from '../pipeline/index.ts';

/** Name, kind and one line on each pass. */
export type PassSummary = Pick<Pass, 'name' | 'kind' | 'summary'>;

type Work =
  | 'compress'
  | 'plan'
  | 'apply'
  | 'observe'
  | 'sweep'
  | 'verify'
  | 'bench'
  | 'inspect'
  | 'explain'
  | 'explainPlan';

export interface Engine extends Pick<typeof pipeline, Work> {
  readonly version: string;
  /** Built-in passes, and those of the plugins. */
  passes(plugins?: readonly string[]): Promise<readonly PassSummary[]>;
}
