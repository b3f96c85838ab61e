/** What a filter that is removed, or is constant, leaves behind. */
export interface World {
  /** `zeroed`: filters and their biases are set to zero. `natural`: the model as it is. */
  readonly kind: 'zeroed' | 'natural';
  of(axis: ChannelAxis): Float64Array;
}

/** An axis along which channels can be removed. */
export interface ChannelAxis {
  /** What stands at each position; 0 where nothing can go. */
  readonly atoms: Int32Array;
  /**
   * The number that a channel consists of, at each position, in a world where filters leave constants behind; NaN where
   * it varies over samples or space.
   */
  readonly constants: (world: World) => Float64Array;
}

/** A world that evaluates each axis once. */
export function openWorld(kind: World['kind']): World {
  const known = new Map<ChannelAxis, Float64Array>();
  const world: World = {
    kind,
    of(axis) {
      const found = known.get(axis) ?? axis.constants(world);
      known.set(axis, found);
      return found;
    },
  };
  return world;
}

/** The same channels after a function of each element. */
export function mapAxis(axis: ChannelAxis, compute: (x: number) => number): ChannelAxis {
  return { atoms: axis.atoms, constants: (world) => world.of(axis).map(compute) };
}

/** Channels of `axis` at `positions`, in that order. */
export function pickAxis(axis: ChannelAxis, positions: ArrayLike<number>): ChannelAxis {
  const pick = <T extends Int32Array | Float64Array>(from: T, into: T): T => {
    for (let i = 0; i < positions.length; i++) into[i] = from[positions[i] as number] as number;
    return into;
  };
  return {
    atoms: pick(axis.atoms, new Int32Array(positions.length)),
    constants: (world) => pick(world.of(axis), new Float64Array(positions.length)),
  };
}

/** Channels that can never go and are not known. */
export function fixedAxis(length: number): ChannelAxis {
  return { atoms: new Int32Array(length), constants: () => new Float64Array(length).fill(Number.NaN) };
}

/** One axis after the other. */
export function joinAxes(axes: readonly ChannelAxis[]): ChannelAxis {
  const length = axes.reduce((sum, { atoms }) => sum + atoms.length, 0);
  const join = <T extends Int32Array | Float64Array>(parts: readonly T[], into: T): T => {
    let at = 0;
    for (const part of parts) {
      into.set(part, at);
      at += part.length;
    }
    return into;
  };
  return {
    atoms: join(
      axes.map(({ atoms }) => atoms),
      new Int32Array(length),
    ),
    constants: (world) =>
      join(
        axes.map((axis) => world.of(axis)),
        new Float64Array(length),
      ),
  };
}

/** From `from` to below `to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/** Any constant becomes something that varies; zero becomes `zero`. */
export function blurred(axis: ChannelAxis, zero = 0): ChannelAxis {
  return { atoms: axis.atoms, constants: (world) => world.of(axis).map((x) => (x === 0 ? zero : Number.NaN)) };
}

/** What all of them are; NaN where they differ. */
export function common(values: readonly number[]): number {
  const [first = Number.NaN] = values;
  return values.every((value) => value === first) ? first : Number.NaN;
}
