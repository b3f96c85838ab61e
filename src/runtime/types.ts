import type { DType } from '../ir/index.ts';
import type { GrowingBuffer } from './growing-buffer.ts';

export type RuntimeData =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint32Array
  | BigUint64Array
  | readonly string[];

/** float16 and bfloat16 travel as Uint16Array, bool as Uint8Array. */
export interface RuntimeTensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: RuntimeData;
}

export interface RuntimePort {
  readonly name: string;
  readonly dtype: DType | undefined;
  /** Symbols and unknown sizes as ONNX Runtime names them. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** Where a session runs. */
export type Device = 'cpu' | 'cuda' | 'webgpu';

export interface RuntimeOptions {
  /** Intra-op threads of a session; 1 by default, which is also what makes results independent of the machine. */
  readonly threads?: number;
  /** Wall-clock limit of one request in milliseconds. */
  readonly timeout?: number;
  /** Largest resident set of the child in bytes. */
  readonly memory?: number;
  /** Bytes of kept tensors in the child's memory, 1 GiB by default: what comes beyond waits in files. */
  readonly room?: number;
  /** Where large tensors wait for the other process, in a folder of its own; the system's temporary folder by default. */
  readonly folder?: string;
  /** What sessions may run on besides the CPU: the runtime does not open without it. */
  readonly device?: Device;
  readonly signal?: AbortSignal;
}

/** Tensors by name. */
export type Feeds = Readonly<Record<string, RuntimeTensor>>;

/** A tensor in the child: what it returned, or was handed. It is lost with a child that crashes. */
export interface KeptTensor {
  /** In its runtime. */
  readonly id: number;
  readonly dtype: DType;
  readonly dims: readonly number[];
  /**
   * Numbers rows[i] + columns[j] of the data, as a matrix.
   *
   * @param buffer where to put it; valid until that is used again
   * @throws runtime-crashed (5) where the child is gone that had it
   */
  gather(places: Places, buffer: GrowingBuffer): Promise<Exclude<RuntimeData, readonly string[]>>;
  /** One holder more. */
  share(): KeptTensor;
  /** Each holder lets go once. */
  release(): void;
}

/** Numbers of the elements of a tensor: each of the rows plus each of the columns. */
export interface Places {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** The bytes of a model file, or where it lies: by path when it has external data or more than 2 GiB. */
export type ModelSource = Uint8Array | { readonly path: string };

/** ONNX Runtime in a child process. Its death is the diagnostic `runtime-crashed`. */
export interface Runtime {
  /** @throws runtime-rejected when ONNX Runtime does not load the model */
  load(model: ModelSource, options?: SessionOptions): Promise<RuntimeSession>;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  readonly threads?: number;
  /** Microseconds that idle threads spin before they sleep; ONNX Runtime's own choice, up to 50 000, by default. */
  readonly spin?: number;
  /** The CPU by default. What a device has no kernel for, such as arithmetic on shapes, ONNX Runtime does on the CPU. */
  readonly device?: Device;
  /** Where to write ONNX Runtime's optimised graph. */
  readonly optimizedModelPath?: string;
}

export interface RuntimeSession {
  readonly inputs: readonly RuntimePort[];
  readonly outputs: readonly RuntimePort[];
  run(feeds: Feeds): Promise<Feeds>;
  /** Runs the same feeds `runs` times in the child and returns each run's time in milliseconds (wall and process CPU). */
  time(feeds: Feeds, runs: number): Promise<{ wall: Float64Array; cpu: Float64Array }>;
  release(): Promise<void>;
}

/** A runtime in which tensors stay between runs, so that only what is read of them travels. */
export interface KeepingRuntime extends Runtime {
  load(model: ModelSource, options?: SessionOptions): Promise<KeepingSession>;
  /** Hands a tensor to the child, where it stays until it is released. */
  keep(tensor: RuntimeTensor): Promise<KeptTensor>;
}

export interface KeepingSession extends RuntimeSession {
  /**
   * Runs with one set of feeds after the other and leaves the outputs in the child; those that are no tensors are missing.
   * The time limit is that of as many runs.
   */
  runKept(feeds: readonly KeptTensors[]): Promise<readonly KeptTensors[]>;
}

/** Kept tensors by name. */
export type KeptTensors = Readonly<Record<string, KeptTensor>>;
