import { drawPositions } from './sample-positions.ts';

export interface RowPlanInit {
  readonly samples: number;
  /** Rows of one sample. */
  readonly perSample: number;
  /** Numbers in a row, P. */
  readonly patch: number;
  /** Rows of one sample that go into the moments, at least. */
  readonly positions: number;
  readonly seed: number;
  /** Of the operator. */
  readonly name: string;
}

export interface RowPlan {
  /** Most rows in the moments, and most rows beside them to judge a fit by. */
  readonly fitted: number;
  readonly heldBack: number;
  /** The rows of one sample, counted from its first. */
  draw(sample: number, perSample: number): Draw;
}

export interface Draw {
  readonly fitted: Int32Array;
  readonly heldBack: Int32Array;
}

/** Rows for each number of a patch that are drawn where samples have them. */
const rowsPerNumber = 8;

/** Below this many rows for each number of a patch a fit follows its rows too closely to be judged by them. */
const trustedRowsPerNumber = 4;

/** Rows that judge a fit, about. */
const judgingRows = 2048;

const none = new Int32Array();

/**
 * Which rows make the moments of an operator, and which judge the fit. With n ≥ 4P rows the judges are other positions of
 * the same samples; with fewer, or where samples have no other positions, they are samples of their own: positions of one
 * image are too alike to judge a fit to the rest of it.
 */
export function planRows({ samples, perSample, patch, positions, seed, name }: RowPlanInit): RowPlan {
  const wanted = Math.min(4 * positions, Math.max(positions, Math.ceil((rowsPerNumber * patch) / samples)));
  const drawn = Math.min(wanted, perSample);
  const trusted = samples * drawn >= trustedRowsPerNumber * patch;
  const spare = Math.min(perSample - drawn, Math.max(1, Math.ceil(judgingRows / samples)));
  const draw = (sample: number, size: number, count: number) => drawPositions(size, count, seed, name, sample);
  if (trusted && spare > 0)
    return {
      fitted: samples * drawn,
      heldBack: samples * spare,
      draw(sample, size) {
        const both = draw(sample, size, drawn + spare);
        return { fitted: both.subarray(0, drawn), heldBack: both.subarray(drawn) };
      },
    };
  const period = trusted ? 16 : 8;
  const judges = Math.floor(samples / period);
  return {
    fitted: (samples - judges) * drawn,
    heldBack: judges * drawn,
    draw(sample, size) {
      const all = draw(sample, size, drawn);
      return sample % period === period - 1 ? { fitted: none, heldBack: all } : { fitted: all, heldBack: none };
    },
  };
}
