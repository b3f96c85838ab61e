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

const none = new Int32Array();

/**
 * Which rows make the moments of an operator, and which judge the fit: those of every sixteenth sample, of every eighth
 * where n < 4P. Other positions of the same samples would not do: they are too alike to tell what the fit owes to the images
 * that it has seen.
 */
export function planRows({ samples, perSample, patch, positions, seed, name }: RowPlanInit): RowPlan {
  const wanted = Math.min(4 * positions, Math.max(positions, Math.ceil((rowsPerNumber * patch) / samples)));
  const drawn = Math.min(wanted, perSample);
  const period = samples * drawn >= trustedRowsPerNumber * patch ? 16 : 8;
  const judges = Math.floor(samples / period);
  return {
    fitted: (samples - judges) * drawn,
    heldBack: judges * drawn,
    draw(sample, size) {
      const all = drawPositions(size, drawn, seed, name, sample);
      return sample % period === period - 1 ? { fitted: none, heldBack: all } : { fitted: all, heldBack: none };
    },
  };
}
