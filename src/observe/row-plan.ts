import { drawPositions } from './sample-positions.ts';

export interface RowPlanInit {
  readonly samples: number;
  /** How often each sample is seen: once, and once more as a copy of itself. */
  readonly copies: number;
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
  /** The rows of one sample, counted from its first; `copy` 0 is the sample itself. */
  draw(sample: number, copy: number, perSample: number): Draw;
}

/** How samples are fed. */
export interface ChunkSize {
  /** Samples that the model is fed with at once. */
  readonly fed: number;
  /** Samples among them that count, from the first; the others only fill a fixed batch. */
  readonly count: number;
  /** 0 for samples as they are; chunks of their copies follow in the same order. */
  readonly copy: number;
}

/** Numbers of rows. */
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
 * where n < 4P. Other positions of the same samples would not do, nor would copies: they are too alike to tell what the fit
 * owes to the images that it has seen. Copies of the samples that judge are not used at all.
 */
export function planRows({ samples, copies, perSample, patch, positions, seed, name }: RowPlanInit): RowPlan {
  const seen = samples * copies;
  const wanted = Math.min(4 * positions, Math.max(positions, Math.ceil((rowsPerNumber * patch) / seen)));
  const drawn = Math.min(wanted, perSample);
  const period = seen * drawn >= trustedRowsPerNumber * patch ? 16 : 8;
  const judges = Math.floor(samples / period);
  return {
    fitted: (samples - judges) * copies * drawn,
    heldBack: judges * drawn,
    draw(sample, copy, size) {
      const all = drawPositions(size, drawn, seed, name, sample + copy * samples);
      if (sample % period !== period - 1) return { fitted: all, heldBack: none };
      return { fitted: none, heldBack: copy === 0 ? all : none };
    },
  };
}

/** The rows of each chunk, counted from its first. @param perSample rows of one sample, for each chunk */
export function drawRows(plan: RowPlan, chunks: readonly ChunkSize[], perSample: readonly number[]): readonly Draw[] {
  let sample = 0;
  let judges = plan.heldBack;
  return chunks.map(({ count, copy }, chunk) => {
    if (copy !== chunks[chunk - 1]?.copy) sample = 0;
    const size = perSample[chunk] as number;
    const fitted: number[] = [];
    const heldBack: number[] = [];
    for (let k = 0; k < count; k++, sample++) {
      const drawn = plan.draw(sample, copy, size);
      for (const row of drawn.fitted) fitted.push(k * size + row);
      for (const row of drawn.heldBack.subarray(0, judges - heldBack.length)) heldBack.push(k * size + row);
    }
    judges -= heldBack.length;
    return { fitted: Int32Array.from(fitted), heldBack: Int32Array.from(heldBack) };
  });
}
