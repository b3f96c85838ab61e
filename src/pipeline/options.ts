import type { OnEvent } from '../events.ts';
import type { Effort } from '../pass/index.ts';
import type { Report } from '../report/index.ts';
import type { FitMode, Plan, RequireGain } from '../rewrite/index.ts';
import type { Device } from '../runtime/index.ts';
import type { TargetKind } from './goal.ts';
import type { PresetName } from './presets.ts';

/** Path of a model, or its bytes. */
export type ModelInput = string | Uint8Array;

/**
 * How much a rewrite has to prove. `contraction`: its factors in float64. `nodes`: also each subgraph in ONNX Runtime.
 * `model`: also the whole model in ONNX Runtime.
 */
export type CheckLevel = 'contraction' | 'nodes' | 'model';

export interface EngineOptions {
  /** A textual pipeline; excludes `preset`, `passes` and `skipPasses`. */
  readonly pipeline?: string;
  readonly preset?: PresetName;
  /** Added to the preset: `name{option=value}`. */
  readonly passes?: readonly string[];
  readonly skipPasses?: readonly string[];
  /** Modules or packages to load further passes from. */
  readonly plugins?: readonly string[];
  /** Globs over node names. */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly ranks?: Readonly<Record<string, readonly number[]>>;
  readonly requireGain?: RequireGain;
  /** What the model may still cost: `macs=0.5x`, `params=2M`, `size=4MB`, `latency=0.5x`. All of them are to hold. */
  readonly targets?: readonly string[];
  /** Percentage points of top-1 that may be lost on samples kept back from `calibrate`, which needs labels. */
  readonly maxDrop?: number;
  /** Mean KL divergence from the original on samples kept back, in nats. */
  readonly maxKl?: number;
  /** outputError on samples kept back. */
  readonly maxError?: number;
  /** Give the nearest model where the goal cannot be reached. */
  readonly bestEffort?: boolean;
  /** Folder of measured times, plans and results to use again; undefined keeps none. */
  readonly cache?: string;
  readonly freezeInputs?: boolean;
  readonly check?: CheckLevel;
  /** Data to fit on: a folder of images, .npy, .npz, raw elements or a glob; labels are not needed. */
  readonly calibrate?: string;
  /** Statistics that `observe` wrote, to fit to in place of data; or factors that it fitted. */
  readonly statistics?: string;
  /** How much work fits may do. */
  readonly effort?: Effort;
  /** What fits see of the data; for studies, `asymmetric` is best. */
  readonly fitMode?: FitMode;
  /** `apply`: fit to other data than those that the plan was made with. */
  readonly refit?: boolean;
  /** Labelled data to measure accuracy on. */
  readonly evaluate?: string;
  readonly preprocess?: string;
  readonly inputKey?: string;
  readonly labelKey?: string;
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>;
  readonly samples?: number;
  readonly seed?: number;
  readonly threads?: number;
  /** Where latency is measured; the CPU by default. Fits, observation and checks stay on the CPU. */
  readonly device?: Device;
  /** Milliseconds that one request to ONNX Runtime may take. */
  readonly timeout?: number;
  /** Bytes that ONNX Runtime's process may hold. */
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

export interface SweepOptions
  extends Omit<EngineOptions, 'targets' | 'maxDrop' | 'maxKl' | 'maxError' | 'bestEffort' | 'preset'> {
  /** The cost that falls from point to point; `macs` where nothing is said. */
  readonly over?: TargetKind;
  /** What models are to cost: `0.5x`, `4MB`; ten shares from 0.9x to 0.15x where nothing is said. */
  readonly points?: readonly string[];
  /** `i/n`: makes only every n-th point, from the i-th; needs `cache`. */
  readonly shard?: string;
}

export interface Compressed {
  readonly report: Report;
  readonly plan: Plan;
  /** Writes the model, and its external data where it has some, atomically. */
  writeTo(path: string, options?: { readonly overwrite?: boolean }): Promise<void>;
  bytes(): Uint8Array;
}

/** What `observe` found, not yet written. */
export interface Statistics {
  /** Names of the nodes in it. */
  readonly nodes: readonly string[];
  /** Writes a safetensors file atomically. Once: it is made as it is written. */
  writeTo(path: string, options?: { readonly overwrite?: boolean }): Promise<void>;
}

export interface VerifyResult {
  readonly ok: boolean;
  readonly tolerance: number;
  readonly verification: Report['verification'];
}

export type BenchResult = NonNullable<Report['benchmark']>;
