import { cloneModel, type Model, memorySource, Tensor } from '../ir/index.ts';
import { seededRandom } from '../numerics/index.ts';
import type { Feeds, RuntimeTensor } from '../runtime/index.ts';

/** Every element of real type moved to the next number above or below it, by the toss of a coin. */
export function perturbByOneUlp(feeds: Feeds, seed: number): Feeds {
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, perturb(tensor, seed, name)]));
}

function perturb(tensor: RuntimeTensor, seed: number, name: string): RuntimeTensor {
  const { data, dtype } = tensor;
  const random = seededRandom(seed, `ulp ${name}`);
  const step = () => (random.uniform() < 0.5 ? -1 : 1);
  if (data instanceof Float32Array) {
    const moved = data.slice();
    const bits = new Int32Array(moved.buffer);
    // Neighbouring floats have neighbouring bit patterns; 0 stays, it has no relative neighbour.
    for (let i = 0; i < bits.length; i++) if (moved[i] !== 0) bits[i] = (bits[i] as number) + step();
    return { ...tensor, data: moved };
  }
  if (data instanceof Float64Array) {
    const moved = data.slice();
    const bits = new BigInt64Array(moved.buffer);
    for (let i = 0; i < bits.length; i++) if (moved[i] !== 0) bits[i] = (bits[i] as bigint) + BigInt(step());
    return { ...tensor, data: moved };
  }
  if (data instanceof Uint16Array && dtype === 'float16')
    return { ...tensor, data: moveHalves(data, infinity.float16, step) };
  return tensor;
}

/**
 * A copy in which every element of the float16 and bfloat16 initializers is moved likewise: as far as rounding them to
 * their type may have moved them.
 */
export function perturbHalfWeights(model: Model, seed: number): Model {
  const copy = cloneModel(model).model;
  for (const value of copy.graph.initializers) {
    const { name, tensor } = value;
    if (tensor?.dtype !== 'float16' && tensor?.dtype !== 'bfloat16') continue;
    const random = seededRandom(seed, `ulp ${name}`);
    const bits = new Uint16Array(Uint8Array.from(tensor.bytes()).buffer);
    const moved = moveHalves(bits, infinity[tensor.dtype], () => (random.uniform() < 0.5 ? -1 : 1));
    value.tensor = new Tensor(tensor.dtype, tensor.dims, memorySource(new Uint8Array(moved.buffer)));
  }
  return copy;
}

/** Bit patterns without sign; from here on they are no finite numbers. */
const infinity = { float16: 0x7c00, bfloat16: 0x7f80 } as const;

/** Zeros, infinities and what is no number stay. */
function moveHalves(halves: Uint16Array, end: number, step: () => number): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(halves, (bits) => {
    const size = bits & 0x7fff;
    return size !== 0 && size < end ? bits + step() : bits;
  });
}
