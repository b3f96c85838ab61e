import type { Tensor } from '../ir/index.ts';
import type { StringStringEntryProto } from '../wire/index.ts';

/** Where a tensor's bytes go: entries of external_data, 'inline', or 'as-read' (where they were; new ones inline). */
export type TensorPlacement = readonly StringStringEntryProto[] | 'inline' | 'as-read';

export interface WriteContext {
  /** Make everything anew, whatever is kept of the original bytes. */
  readonly fromScratch: boolean;
  readonly placement: (tensor: Tensor) => TensorPlacement;
}
