import { type DType, fromFloat64 } from '../ir/index.ts';
import { type SeededRandom, seededRandom } from '../numerics/index.ts';
import type { Feeds, RuntimeData, RuntimePort } from '../runtime/index.ts';
import type { InputShapes } from './input-shapes.ts';

type Draw = (random: SeededRandom, size: number) => RuntimeData;

/**
 * Values that are valid for nearly every use of a type: normal numbers; bytes of any value, as in images; other
 * integers 0 or 1, which are inside every vocabulary, axis and range.
 */
const draws: Partial<Record<DType, Draw>> = {
  float32: (random, size) => Float32Array.from({ length: size }, () => random.normal()),
  float64: (random, size) => random.normals(size),
  float16: (random, size) => {
    const bytes = fromFloat64(random.normals(size), [size], 'float16').bytes();
    return new Uint16Array(bytes.buffer, bytes.byteOffset, size);
  },
  uint8: (random, size) => Uint8Array.from({ length: size }, () => Math.floor(random.uniform() * 256)),
  int8: (random, size) => Int8Array.from({ length: size }, () => Math.floor(random.uniform() * 256) - 128),
  bool: (random, size) => Uint8Array.from({ length: size }, () => zeroOrOne(random)),
  int16: (random, size) => Int16Array.from({ length: size }, () => zeroOrOne(random)),
  uint16: (random, size) => Uint16Array.from({ length: size }, () => zeroOrOne(random)),
  int32: (random, size) => Int32Array.from({ length: size }, () => zeroOrOne(random)),
  uint32: (random, size) => Uint32Array.from({ length: size }, () => zeroOrOne(random)),
  int64: (random, size) => BigInt64Array.from({ length: size }, () => BigInt(zeroOrOne(random))),
  uint64: (random, size) => BigUint64Array.from({ length: size }, () => BigInt(zeroOrOne(random))),
};

/** More elements than this in one input is a guess gone wrong (512 MiB of float32). */
const mostElements = 2 ** 27;

/** Why no random values can be made for an input; undefined when they can. */
export function unfeedable(port: RuntimePort, given: readonly number[] | undefined): string | undefined {
  if (!port.dtype) return `input "${port.name}" is no tensor`;
  if (!draws[port.dtype]) return `input "${port.name}" holds ${port.dtype}, for which no random values can be made`;
  const shape = given ?? port.shape;
  if (!shape) return `input "${port.name}" has no shape (give --input-shape)`;
  const size = shape.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  return size > mostElements ? `input "${port.name}" has ${size} elements` : undefined;
}

/** Feeds for every input; the same for the same seed, and independent of the other inputs. */
export function randomFeeds(ports: readonly RuntimePort[], shapes: InputShapes, seed: number): Feeds {
  return Object.fromEntries(
    ports.map(({ name, dtype }) => {
      const dims = shapes[name];
      const draw = dtype && draws[dtype];
      if (!dims || !draw) throw new Error(`input ${name} cannot be fed; unfeedable() comes first`);
      const size = dims.reduce((product, dim) => product * dim, 1);
      return [name, { dtype, dims, data: draw(seededRandom(seed, name), size) }];
    }),
  );
}

function zeroOrOne(random: SeededRandom): number {
  return random.uniform() < 0.5 ? 0 : 1;
}
