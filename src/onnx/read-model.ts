import { diagnostics } from '../diagnostics.ts';
import { Model, type OpsetImport } from '../ir/index.ts';
import { decodeModelProto, type Limits, type OperatorSetIdProto } from '../wire/index.ts';
import { type ExternalResolver, unresolved } from './external-data.ts';
import { keepModelBytes } from './kept.ts';
import { asExtras, leftover } from './leftover.ts';
import type { ReadContext } from './read-context.ts';
import { readFunction, readGraph } from './read-graph.ts';
import { defaultDomain } from './read-node.ts';
import { refuseExternal } from './refuse-external.ts';

export interface ReadOptions {
  /** For messages. */
  readonly file?: string;
  readonly limits?: Partial<Limits>;
  /** Opens external data; without it, a model with external data can be read, but not its external tensors. */
  readonly external?: ExternalResolver;
}

/**
 * Bytes of an ONNX file → Model. Tensors are views of `bytes`: do not write to it afterwards.
 *
 * @throws not-a-model, duplicate-definition, missing-producer, tensor-data-size, invalid-dims, … (exit 3);
 *   limit-exceeded (exit 8)
 */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): Model {
  const { message, places } = decodeModelProto(bytes, options);
  if (!message.graph) throw diagnostics.notAModel(options.file, 'this is not an ONNX model: it holds no graph', 0);
  const context: ReadContext = { places, external: options.external ?? unresolved, described: new Set() };
  const irVersion = safeNumber(message.irVersion ?? 0n, 'ir_version');
  const model = new Model(irVersion, readGraph(message.graph, undefined, context));
  model.opsetImports = (message.opsetImport ?? []).map(readOpset);
  model.functions = (message.functions ?? []).map((item) => readFunction(item, context));
  const known = ['graph', 'opsetImport', 'functions', ...(irVersion === 0 ? [] : ['irVersion'])];
  const extras = { fields: leftover(message, known) };
  refuseExternal(extras.fields);
  model.extras = extras;
  keepModelBytes(extras, bytes);
  return model;
}

function readOpset(message: OperatorSetIdProto): OpsetImport {
  const version = safeNumber(message.version ?? 0n, 'the version of an operator set');
  const domain = defaultDomain(message.domain) ? '' : (message.domain ?? '');
  const fields = leftover(message, [...(version === 0 ? [] : ['version']), ...(domain === '' ? [] : ['domain'])]);
  return { domain, version, extras: asExtras(fields) };
}

function safeNumber(value: bigint, what: string): number {
  if (value >= -(2n ** 31n) && value < 2n ** 53n) return Number(value);
  throw diagnostics.invalidModel('version-out-of-range', `${what} is ${value}`, {});
}
