import type { DType } from '../ir/index.ts';
import type { Device, Places, RuntimeData, RuntimePort, SessionOptions } from './types.ts';

/** Where the elements of a large tensor lie: in a file of the transfer folder, deleted by whoever reads it. */
export interface DataFile {
  readonly file: string;
  /** Name of the typed array class. */
  readonly type: string;
}

/** A tensor on its way through the pipe. */
export interface PackedTensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: RuntimeData | DataFile;
}

export type PackedTensors = Readonly<Record<string, PackedTensor>>;

/** A tensor that the child keeps. */
export interface KeptPort {
  readonly id: number;
  readonly dtype: DType;
  readonly dims: readonly number[];
}

/** Numbers in a file that the next letter overwrites. */
export interface Letter {
  readonly path: string;
  readonly bytes: number;
  /** Name of the typed array class. */
  readonly type: string;
}

interface KeptTransfer {
  readonly id: number;
  readonly tensor: PackedTensor;
}

/** What the child is started with (one JSON argument). */
export interface ChildSettings {
  /** Process id of the parent: the child ends when it is gone. */
  readonly parent: number;
  /** Largest resident set in bytes. */
  readonly memory: number;
  /** Bytes of kept tensors in memory. */
  readonly room: number;
  /** Folder for large tensors; the child removes it when it is orphaned. */
  readonly folder: string;
  /** What the child writes to stderr before the memory limit ends it. */
  readonly memoryMessage: string;
}

export type ChildRequest =
  | {
      readonly kind: 'load';
      readonly session: number;
      readonly model: Uint8Array | string;
      readonly options: SessionOptions;
    }
  /** Is a device there? Runs a model of one Gemm on it; rejected where it is not. */
  | { readonly kind: 'probe'; readonly device: Device; readonly gemm: Uint8Array }
  | { readonly kind: 'run'; readonly session: number; readonly feeds: PackedTensors }
  /** Without feeds: those of the last `time` of this session. */
  | { readonly kind: 'time'; readonly session: number; readonly feeds: PackedTensors | null; readonly runs: number }
  | { readonly kind: 'keep'; readonly tensors: readonly KeptTransfer[] }
  /** Feeds are ids of kept tensors; outputs are kept from `firstId` on. */
  | {
      readonly kind: 'run-kept';
      readonly session: number;
      readonly feeds: readonly Readonly<Record<string, number>>[];
      readonly firstId: number;
    }
  | { readonly kind: 'gather'; readonly id: number; readonly places: Places }
  | { readonly kind: 'drop'; readonly ids: readonly number[] }
  /** Before another child takes over. */
  | { readonly kind: 'hand-over' }
  | { readonly kind: 'release'; readonly session: number };

export interface ChildResults {
  readonly load: { readonly inputs: readonly RuntimePort[]; readonly outputs: readonly RuntimePort[] };
  readonly probe: null;
  readonly run: PackedTensors;
  readonly time: { readonly wall: Float64Array; readonly cpu: Float64Array };
  readonly keep: readonly KeptPort[];
  readonly 'run-kept': readonly Readonly<Record<string, KeptPort>>[];
  readonly gather: Letter;
  readonly drop: null;
  readonly 'hand-over': readonly KeptTransfer[];
  readonly release: null;
}

/** `missing`: onnxruntime-node cannot be imported; `rejected`: it refused the model or the feeds. */
export type ChildReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'done'; readonly value: ChildResults[keyof ChildResults] }
  | { readonly kind: 'rejected'; readonly message: string };
