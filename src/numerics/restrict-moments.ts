import type { GroupMoments, Moments } from './moments.ts';

/** Sizes of a kernel [g, t, s, k…], k being the number of positions. */
export interface KernelSizes {
  readonly groups: number;
  readonly outputs: number;
  readonly inputs: number;
  readonly positions: number;
}

/** Channels that are left, all groups together, by their place in the larger kernel; undefined for all. */
export interface KeptSides {
  readonly inputs: readonly number[] | undefined;
  readonly outputs: readonly number[] | undefined;
}

/**
 * Moments of an operator that has lost channels, from those of the one that has them all: its inputs and wanted outputs
 * are those that are left. A group of the smaller kernel lies within one of the larger.
 */
export function restrictMoments(moments: Moments, from: KernelSizes, to: KernelSizes, kept: KeptSides): Moments {
  const { heldBack } = moments;
  const parts = Array.from({ length: to.groups }, (_, g) => partOf(g, from, to, kept));
  return {
    rows: moments.rows,
    groups: parts.map((part) => restrictGroup(moments.groups[part.group] as GroupMoments, part, from)),
    heldBack: heldBack && {
      rows: heldBack.rows,
      x: parts.map(({ group, columns }) => pickColumns(heldBack.x[group] as Float32Array, heldBack.rows, columns)),
      y: parts.map(({ group, outputs }) => pickColumns(heldBack.y[group] as Float32Array, heldBack.rows, outputs)),
    },
  };
}

/** What a group of the smaller kernel is of the larger. */
interface Part {
  readonly group: number;
  /** Columns p = (s, k) of that group. */
  readonly columns: readonly number[];
  readonly outputs: readonly number[];
}

function partOf(g: number, from: KernelSizes, to: KernelSizes, kept: KeptSides): Part {
  const channels = (side: 'inputs' | 'outputs') =>
    Array.from({ length: to[side] }, (_, i) => kept[side]?.[g * to[side] + i] ?? g * to[side] + i);
  const [inputs, outputs] = [channels('inputs'), channels('outputs')];
  const group = Math.floor((inputs[0] as number) / from.inputs);
  const within = (place: number, size: number) => {
    const own = place - group * size;
    if (!(own >= 0 && own < size)) throw new RangeError('a group of what is left lies across groups of what was there');
    return own;
  };
  return {
    group,
    columns: inputs.flatMap((channel) => {
      const start = within(channel, from.inputs) * from.positions;
      return Array.from({ length: from.positions }, (_, k) => start + k);
    }),
    outputs: outputs.map((channel) => within(channel, from.outputs)),
  };
}

function restrictGroup(
  { meanX, meanY, gram, cross, varianceY, gradients }: GroupMoments,
  { columns, outputs }: Part,
  { inputs, positions }: KernelSizes,
): GroupMoments {
  const P = inputs * positions;
  const pick = (data: Float64Array, places: readonly number[]) =>
    Float64Array.from(places, (place) => data[place] as number);
  const left = new Float32Array(columns.length ** 2);
  for (let i = 0, at = 0; i < columns.length; i++) {
    const row = (columns[i] as number) * P;
    for (let j = 0; j < columns.length; j++) left[at++] = gram[row + (columns[j] as number)] as number;
  }
  return {
    meanX: pick(meanX, columns),
    meanY: pick(meanY, outputs),
    gram: left,
    cross: Float64Array.from(
      { length: outputs.length * columns.length },
      (_, at) =>
        cross[
          (outputs[Math.floor(at / columns.length)] as number) * P + (columns[at % columns.length] as number)
        ] as number,
    ),
    varianceY: pick(varianceY, outputs),
    gradients:
      gradients &&
      Float64Array.from(
        { length: outputs.length ** 2 },
        (_, at) =>
          gradients[
            (outputs[Math.floor(at / outputs.length)] as number) * meanY.length +
              (outputs[at % outputs.length] as number)
          ] as number,
      ),
  };
}

/** Some columns of float32[rows, width]. */
function pickColumns(data: Float32Array, rows: number, columns: readonly number[]): Float32Array {
  const width = data.length / rows;
  const picked = new Float32Array(rows * columns.length);
  for (let r = 0, at = 0; r < rows; r++)
    for (const column of columns) picked[at++] = data[r * width + column] as number;
  return picked;
}
