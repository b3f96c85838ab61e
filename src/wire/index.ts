export { verbatim } from './codecs.ts';
export type * from './generated/messages.ts';
export { defaultLimits, type Limits } from './limits.ts';
export {
  decodeMessage,
  decodeModelProto,
  type DecodedModel,
  type DecodeOptions,
  encodeMessage,
  encodeModelProto,
} from './model-bytes.ts';
export { packedBytes, packedCount, type PackedKind, packVarints, unpackVarints } from './packed.ts';
export type { Place, Places } from './wire-reader.ts';
