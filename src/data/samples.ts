import type { NumericArray } from './elements.ts';

/** One sample as it was stored. */
export interface Sample {
  readonly data: NumericArray;
  readonly dims: readonly number[];
  /** Names it in messages: a file, or an array and a position. */
  readonly place: string;
}

/** Samples for one input of the model, read in ascending order, never all at once. */
export interface SampleSource {
  readonly size: number;
  read(indices: readonly number[]): AsyncIterable<Sample>;
  /** The files that these samples come from. */
  filesOf(indices: readonly number[]): readonly string[];
}

/** Samples of several sources, one source after the other. */
export function concatenated(sources: readonly SampleSource[]): SampleSource {
  const [only, ...others] = sources;
  if (only && others.length === 0) return only;
  const size = sources.reduce((sum, source) => sum + source.size, 0);
  function* shares(indices: readonly number[]) {
    let start = 0;
    let next = 0;
    for (const source of sources) {
      const own: number[] = [];
      for (let index = indices[next]; index !== undefined && index < start + source.size; index = indices[++next]) {
        own.push(index - start);
      }
      if (own.length > 0) yield { source, own };
      start += source.size;
    }
  }
  async function* read(indices: readonly number[]) {
    for (const { source, own } of shares(indices)) yield* source.read(own);
  }
  const filesOf = (indices: readonly number[]) =>
    [...shares(indices)].flatMap(({ source, own }) => source.filesOf(own));
  return { size, read, filesOf };
}
