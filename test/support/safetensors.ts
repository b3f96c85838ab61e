import { type SafetensorsTensor, safetensorsPieces } from '../../src/data/index.ts';

/** The file with other metadata, or without some tensors. */
export function alteredSafetensors(
  pieces: Iterable<Uint8Array>,
  metadata: Record<string, string | undefined>,
  change: (name: string, data: Float64Array | Float32Array) => Float64Array | Float32Array | undefined = (_, data) =>
    data,
): Iterable<Uint8Array> {
  const bytes = Buffer.concat([...pieces]);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: texts, ...entries } = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    Record<string, unknown>
  >;
  const tensors: SafetensorsTensor[] = Object.entries(entries).flatMap(([name, { dtype, shape, data_offsets }]) => {
    const [from = 0, to = 0] = data_offsets as number[];
    const { buffer } = new Uint8Array(bytes.subarray(start + from, start + to));
    const data = change(name, dtype === 'F32' ? new Float32Array(buffer) : new Float64Array(buffer));
    if (!data) return [];
    const type = data instanceof Float32Array ? 'float32' : 'float64';
    return [{ name, dtype: type, dims: shape as number[], bytes: () => new Uint8Array(data.buffer) }];
  });
  const merged = Object.entries({ ...texts, ...metadata }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return safetensorsPieces(tensors, new Map(merged));
}
