import { type DType, dtypeBits } from './dtype.ts';
import type { Extras } from './extras.ts';

/**
 * Where a tensor's bytes come from. The wire gives one for bytes in a file (inline or external); passes use
 * {@link memorySource}. Reading is lazy and may be repeated; what is returned must never be written to.
 */
export interface TensorSource {
  /**
   * Little-endian, row-major, ONNX `raw_data` layout. May lie at any alignment. Strings, which have no such layout: each
   * as its length in bytes (protobuf varint), then its bytes.
   */
  read(): Uint8Array;
  readonly byteLength: number;
  /** How it was stored, for whoever writes it back; 'memory' for tensors that we made. */
  readonly storage: 'raw' | 'typed' | 'external' | 'memory';
}

export function memorySource(bytes: Uint8Array): TensorSource {
  return { read: () => bytes, byteLength: bytes.byteLength, storage: 'memory' };
}

/** An immutable n-way array. Shared between clones of a model; never written in place. */
export class Tensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly source: TensorSource;
  readonly extras: Extras | undefined;

  constructor(dtype: DType, dims: readonly number[], source: TensorSource, extras?: Extras) {
    this.dtype = dtype;
    this.dims = dims;
    this.source = source;
    this.extras = extras;
  }

  /** Number of elements. */
  get size(): number {
    return this.dims.reduce((product, dim) => product * dim, 1);
  }

  /** Bytes that `raw_data` of this type and shape takes; undefined for strings. */
  get expectedByteLength(): number | undefined {
    return this.dtype === 'string' ? undefined : Math.ceil((this.size * dtypeBits(this.dtype)) / 8);
  }

  bytes(): Uint8Array {
    return this.source.read();
  }
}
