/** Results that are dear to make and the same for the same question: in memory, or in a folder between runs. */
export { canonicalJson, type Json } from './canonical-json.ts';
export { type Cache, openCache } from './open-cache.ts';
