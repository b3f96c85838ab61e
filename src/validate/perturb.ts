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
  if (data instanceof Uint16Array && dtype === 'float16') {
    // All bits but the sign; infinities and what is no number stay as well, they begin at 0x7c00.
    const moves = (bits: number) => (bits & 0x7fff) !== 0 && (bits & 0x7fff) < 0x7c00;
    return { ...tensor, data: data.map((bits) => (moves(bits) ? bits + step() : bits)) };
  }
  return tensor;
}
