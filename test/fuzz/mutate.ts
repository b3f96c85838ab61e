import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { packVarints } from '../../src/wire/index.ts';

export interface Random {
  /** An integer from 0 to `below` - 1. */
  below(below: number): number;
}

export function randomOf(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  return { below: (below) => uniformInt(generator, 0, below - 1) };
}

/** Values that decoders get wrong: varints at their limits, tags of groups, lengths that run away. */
const interesting = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x08],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0x00],
  [0x0b],
  [0x0c],
  [0x3a, 0x00],
  [0x80],
];

type Mutation = (bytes: Buffer, random: Random, others: readonly Uint8Array[]) => Buffer;

const mutations: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  appendUnknown,
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => cut(bytes, random, () => []),
  (bytes, random) => cut(bytes, random, (piece) => [piece, piece]),
  (bytes, random) => cut(bytes, random, (piece) => [Buffer.from(piece).reverse()]),
  (bytes, random) => insert(bytes, random, Buffer.from(interesting[random.below(interesting.length)] ?? [])),
  (bytes, random, others) => {
    const other = others[random.below(others.length)] ?? bytes;
    const start = random.below(other.length);
    return insert(bytes, random, Buffer.from(other.subarray(start, start + random.below(200))));
  },
];

/** One small injury, or at times up to four. */
export function mutate(seed: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let bytes: Buffer = Buffer.from(seed);
  for (let count = random.below(4) === 0 ? 2 + random.below(3) : 1; count > 0; count--) {
    if (bytes.length === 0) return bytes;
    bytes = mutations[random.below(mutations.length)]?.(bytes, random, others) ?? bytes;
  }
  return new Uint8Array(bytes);
}

/** Fields of a standard to come, at the end of the model: 27 to 31, as number, bytes, four bytes or group. */
function appendUnknown(bytes: Buffer, random: Random): Buffer {
  const field = 27 + random.below(5);
  const tag = (wireType: number) => packVarints([field * 8 + wireType], 1);
  const forms = [
    [tag(0), [5]],
    [tag(2), [2, 0xff, 0]],
    [tag(5), [1, 2, 3, 4]],
    [tag(3), [8, 1], tag(4)],
  ];
  return Buffer.concat([bytes, ...(forms[random.below(forms.length)] ?? []).map((part) => Uint8Array.from(part))]);
}

function flipBit(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
}

function setByte(bytes: Buffer, random: Random): Buffer {
  bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function cut(bytes: Buffer, random: Random, replace: (piece: Buffer) => Buffer[]): Buffer {
  const start = random.below(bytes.length);
  const end = Math.min(bytes.length, start + 1 + random.below(64));
  return Buffer.concat([bytes.subarray(0, start), ...replace(bytes.subarray(start, end)), bytes.subarray(end)]);
}

function insert(bytes: Buffer, random: Random, piece: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}
