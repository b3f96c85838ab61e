/** What the command asks of the library. It is injected, so that the command can be tested without a compiler. */
import type { OnEvent } from '../events.ts';
import type { Pass, Plan, RequireGain, SkipCode } from '../pass/index.ts';
import type { Report } from '../report/index.ts';

/** Path of a model, or its bytes. */
export type ModelInput = string | Uint8Array;

export interface EngineOptions {
  readonly pipeline?: string;
  /** Added to the preset: `name{option=value}`. */
  readonly passes?: readonly string[];
  readonly skipPasses?: readonly string[];
  readonly preset?: 'safe';
  /** Modules or packages to load further passes from. */
  readonly plugins?: readonly string[];
  /** Globs over node names. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly ranks?: Readonly<Record<string, readonly number[]>>;
  readonly requireGain?: RequireGain;
  readonly freezeInputs?: boolean;
  readonly evaluate?: string;
  readonly preprocess?: string;
  readonly inputKey?: string;
  readonly labelKey?: string;
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
  readonly samples?: number;
  readonly seed?: number;
  readonly threads?: number;
  /** Milliseconds. */
  readonly timeout?: number;
  /** Bytes. */
  readonly memory?: number;
  readonly externalData?: 'auto' | 'always' | 'never';
  readonly externalRoots?: readonly string[];
  /** Measure latency before and after. */
  readonly bench?: boolean;
  /** Largest relative output error that `verify` accepts. */
  readonly tolerance?: number;
  /** Repeated in the report. */
  readonly argv?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onEvent?: OnEvent;
}

export interface Compressed {
  readonly report: Report;
  readonly plan: Plan;
  /** Writes the model, and its external data where it has some, atomically. */
  writeTo(path: string, options?: { readonly overwrite?: boolean }): Promise<void>;
  bytes(): Uint8Array;
}

export interface VerifyResult {
  readonly ok: boolean;
  readonly tolerance: number;
  readonly verification: Report['verification'];
}

export type BenchResult = NonNullable<Report['benchmark']>;

export interface InspectedNode {
  readonly name: string;
  readonly opType: string;
  /** The weight's dims; empty where they are not known. */
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly params: number;
  readonly macs: number | null;
  /** Why no pass can rewrite it. */
  readonly skipped: { readonly code: SkipCode; readonly text: string } | null;
}

export interface Inspection {
  readonly model: Report['input'];
  readonly nodes: readonly InspectedNode[];
}

/** How one node was seen and what was decided, and why. */
export interface Explanation {
  readonly node: InspectedNode;
  readonly operator: string;
  readonly methods: readonly {
    readonly pass: string;
    readonly equation: string;
    readonly ranks: Readonly<Record<string, number>> | null;
    readonly cost: { readonly params: number; readonly macs: number | null } | null;
    readonly weightError: number | null;
    readonly decision: string;
  }[];
  readonly decision: string;
  /** What to write to decide otherwise. */
  readonly advice: readonly string[];
}

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
