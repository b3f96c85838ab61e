import type { Model, OpsetImport } from '../ir/index.ts';
import { decodeMessage, encodeMessage, type ModelProto, type OperatorSetIdProto } from '../wire/index.ts';
import { keptBytes } from './kept.ts';
import { fieldsOf } from './leftover.ts';
import { samePieces } from './unchanged.ts';
import type { TensorPlacement, WriteContext } from './write-context.ts';
import { functionMessage, graphMessage } from './write-graph.ts';
import type { Tensor } from '../ir/index.ts';

export interface WriteOptions {
  /** For tests: write everything anew, as if nothing of the original bytes were left. */
  readonly fromScratch?: boolean;
  /** Where the bytes of a tensor go; by default where they were. */
  readonly placement?: (tensor: Tensor) => TensorPlacement;
}

/** Model → bytes in one piece, for models that fit in memory twice. */
export function writeModel(model: Model, options: WriteOptions = {}): Uint8Array {
  const pieces = writeModelPieces(model, options);
  const [only] = pieces;
  return pieces.length === 1 && only ? only : Buffer.concat(pieces);
}

/**
 * Model → pieces for `writev`. A model that nobody changed gives the bytes it was read from; otherwise what is untouched
 * is written as it was, and the weights are referenced, not copied.
 */
export function writeModelPieces(model: Model, options: WriteOptions = {}): Uint8Array[] {
  const placement = options.placement ?? (() => 'as-read');
  const scratch = encodeMessage('ModelProto', modelMessage(model, { fromScratch: true, placement }));
  const kept = keptBytes(model.extras);
  if (options.fromScratch || !kept) return scratch;
  if (samePieces(scratch, [kept])) return [kept];
  if (samePieces(scratch, encodeMessage('ModelProto', decodeMessage('ModelProto', kept)))) return [kept];
  return encodeMessage('ModelProto', modelMessage(model, { fromScratch: false, placement }));
}

function modelMessage(model: Model, context: WriteContext): ModelProto {
  return {
    ...fieldsOf(model.extras),
    ...(model.irVersion !== 0 && { irVersion: BigInt(model.irVersion) }),
    graph: graphMessage(model.graph, context),
    opsetImport: model.opsetImports.map(opsetMessage),
    functions: model.functions.map((item) => functionMessage(item, context)),
  };
}

function opsetMessage({ domain, version, extras }: OpsetImport): OperatorSetIdProto {
  return {
    ...fieldsOf(extras),
    ...(domain !== '' && { domain }),
    ...(version !== 0 && { version: BigInt(version) }),
  };
}
