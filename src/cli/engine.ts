/** What the command asks of the library. It is injected, so that the command can be tested without a compiler. */
import type { InspectedNode, Pass, Plan } from '../pass/index.ts';
import type {
  BenchResult,
  Compressed,
  EngineOptions,
  Explanation,
  Inspection,
  ModelInput,
  VerifyResult,
} from '../pipeline/index.ts';

export type { BenchResult, Compressed, EngineOptions, Explanation, InspectedNode, Inspection, ModelInput, VerifyResult };

/** Name, kind and one line on each pass. */
export type PassSummary = Pick<Pass, 'name' | 'kind' | 'summary'>;

export interface Engine {
  readonly version: string;
  /** Built-in passes, and those of the plugins. */
  passes(plugins?: readonly string[]): Promise<readonly PassSummary[]>;
  compress(input: ModelInput, options: EngineOptions): Promise<Compressed>;
  plan(input: ModelInput, options: EngineOptions): Promise<Plan>;
  apply(input: ModelInput, plan: Plan, options: EngineOptions): Promise<Compressed>;
  verify(original: ModelInput, other: ModelInput, options: EngineOptions): Promise<VerifyResult>;
  bench(original: ModelInput, other: ModelInput, options: EngineOptions): Promise<BenchResult>;
  inspect(input: ModelInput, options: EngineOptions): Promise<Inspection>;
  explain(input: ModelInput, nodeName: string, options: EngineOptions): Promise<Explanation>;
}
