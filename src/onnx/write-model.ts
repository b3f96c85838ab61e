import type { Model, OpsetImport, Tensor } from '../ir/index.ts';
import { concatenate, encodeMessage, type ModelProto, type OperatorSetIdProto } from '../wire/index.ts';
import { keptBytes } from './kept.ts';
import { fieldsOf } from './leftover.ts';
import { unchangedBytes } from './unchanged.ts';
import type { TensorPlacement, WriteContext } from './write-context.ts';
import { functionMessage, graphMessage } from './write-graph.ts';

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
  return pieces.length === 1 && only ? only : concatenate(pieces);
}

/**
 * Model → pieces for `writev`. A model that nobody changed gives the bytes it was read from; otherwise what is untouched
 * is written as it was, and the weights are referenced, not copied.
 */
export function writeModelPieces(model: Model, options: WriteOptions = {}): Uint8Array[] {
  const { fromScratch = false, placement = asRead } = options;
  const kept = keptBytes(model.extras);
  if (!fromScratch && kept && placement === asRead && isUnchanged(model)) return [kept];
  return encodeMessage('ModelProto', modelMessage(model, { fromScratch, placement }));
}

/** Does the model still say what the bytes say that it was read from? */
export function isUnchanged(model: Model): boolean {
  const kept = keptBytes(model.extras);
  if (!kept) return false;
  return (
    unchangedBytes('ModelProto', kept, modelMessage(model, { fromScratch: true, placement: asRead })) !== undefined
  );
}

function asRead(): TensorPlacement {
  return 'as-read';
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
