import type { z } from 'zod';
import type { Cache } from '../cache/index.ts';
import { canonicalJson, type Json } from '../cache/index.ts';

export interface Recalled<Value> {
  readonly value: Value;
  /** Whether an earlier run knew it. */
  readonly earlier: boolean;
}

/** Answers as JSON in a cache; the same question is answered once. */
export class Recall {
  readonly #cache: Cache;
  /** Keys of what this run found out. */
  readonly #own = new Set<string>();

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  /** @param schema of the value; what a cache holds of another shape is answered again */
  async answer<Schema extends z.ZodType>(
    key: Json,
    schema: Schema,
    work: () => Promise<z.output<Schema>>,
  ): Promise<Recalled<z.output<Schema>>> {
    const bytes = await this.#cache.get(key);
    const known = bytes && schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (known?.success) return { value: known.data, earlier: !this.#own.has(canonicalJson(key)) };
    const value = await work();
    this.#own.add(canonicalJson(key));
    await this.#cache.put(key, new TextEncoder().encode(JSON.stringify(value)));
    return { value, earlier: false };
  }
}
