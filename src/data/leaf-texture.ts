import type { RandomStream } from './random-stream.ts';

// As in leaf-canvas.ts: looking up a global is slow in a test.
const { floor } = Math;

/** Pixels on a side of a tile; a power of two. */
const side = 64;

/** Lattice points on a side of the coarsest octave. */
const coarsest = 4;

/** Height of each octave: with equal ones the spectrum falls about as 1/f². */
const octave = 0.6;

/** A tile of noise that repeats in both directions: float32[64, 64], mean about 0, standard deviation about 1. */
export type LeafTexture = Float32Array;

/** The sum of lattices of random numbers, each twice as fine as the one before, interpolated bilinearly. */
export function leafTexture(random: RandomStream): LeafTexture {
  const tile = new Float32Array(side * side);
  for (let points = coarsest; points <= side; points *= 2) {
    const lattice = Float32Array.from({ length: points * points }, () => octave * random.bell());
    const at = (row: number, column: number) => lattice[(row % points) * points + (column % points)] ?? 0;
    for (let k = 0; k < tile.length; k++) {
      const [y, x] = [(floor(k / side) * points) / side, ((k % side) * points) / side];
      const [row, column] = [floor(y), floor(x)];
      const [down, right] = [y - row, x - column];
      const upper = (1 - right) * at(row, column) + right * at(row, column + 1);
      const lower = (1 - right) * at(row + 1, column) + right * at(row + 1, column + 1);
      tile[k] = (tile[k] ?? 0) + (1 - down) * upper + down * lower;
    }
  }
  return tile;
}

/** The pixel of the endless plane of tiles in which a point lies; coordinates from 0 to 2^31. */
export function textureAt(texture: LeafTexture, x: number, y: number): number {
  return texture[(y & (side - 1)) * side + (x & (side - 1))] ?? 0;
}
