import { type Blas, elementCount, type Moments } from '../numerics/index.ts';
import type { OperatorPair } from '../rewrite/index.ts';
import { GrowingBuffer, type KeptTensor, type Places } from '../runtime/index.ts';
import { MomentAccumulator } from './moment-accumulator.ts';
import { copyRows, type ReadRows, rowBlock, rowsOf } from './row-block.ts';
import { outputLayout } from './row-layout.ts';
import { placesOf } from './row-places.ts';
import { type ChunkSize, type Draw, drawRows, planRows } from './row-plan.ts';

export interface RowReaderOptions {
  readonly blas: Blas;
  readonly seed: number;
  readonly chunks: readonly ChunkSize[];
  /** Positions of each sample that go into the moments, at least; more where P asks for more rows. */
  readonly positions: number;
}

/** Tensors of one chunk that rows are read from. */
export interface RowTensors {
  readonly input: KeptTensor;
  readonly output: KeptTensor;
  readonly residual: readonly [original: KeptTensor, rewritten: KeptTensor] | undefined;
}

/** Where the numbers of one chunk wait. */
class ChunkBuffers {
  readonly input = new GrowingBuffer();
  readonly output = new GrowingBuffer();
  readonly residual = [new GrowingBuffer(), new GrowingBuffer()] as const;
}

/** Reads what moments are made of from where models have left it. */
export class RowReader {
  readonly #options: RowReaderOptions;
  /** For the chunk that is read and the one that is under way. */
  readonly #buffers = [new ChunkBuffers(), new ChunkBuffers()] as const;

  constructor(options: RowReaderOptions) {
    this.#options = options;
  }

  /** @param tensors for each chunk */
  async moments(pair: OperatorPair, tensors: readonly RowTensors[]): Promise<Moments> {
    const { chunks, blas, seed, positions } = this.#options;
    const operator = pair.rewritten;
    const perSample = tensors.map(({ output }, chunk) =>
      Math.floor(outputLayout(operator, output.dims).rows / (chunks[chunk] as ChunkSize).fed),
    );
    const plan = planRows({
      samples: chunks.reduce((sum, { count, copy }) => sum + (copy === 0 ? count : 0), 0),
      copies: Math.max(...chunks.map(({ copy }) => copy)) + 1,
      perSample: perSample[0] as number,
      patch: operator.inputs * elementCount(operator.kernelShape),
      positions,
      seed,
      name: pair.name,
    });
    const draws = drawRows(plan, chunks, perSample);
    const sums = new MomentAccumulator(operator, plan.fitted, blas);
    const judges = rowBlock(operator, plan.heldBack);
    let judged = 0;
    const read = (chunk: number) => this.#read(pair, tensors[chunk] as RowTensors, draws[chunk] as Draw, chunk);
    let next = read(0);
    for (const [chunk, { fitted, heldBack }] of draws.entries()) {
      const rows = await next;
      if (chunk + 1 < draws.length) {
        next = read(chunk + 1);
        next.catch(() => {});
      }
      await sums.add(rows, fitted.length);
      copyRows(operator, rows, { from: fitted.length, count: heldBack.length }, judges, judged);
      judged += heldBack.length;
    }
    return { rows: sums.rows, groups: await sums.finish(), heldBack: judged > 0 ? rowsOf(judges, judged) : undefined };
  }

  /** The rows of one chunk, those that are fitted first; they are gone when the next chunk but one is read. */
  async #read(
    { rewritten, kept }: OperatorPair,
    { input, output, residual }: RowTensors,
    { fitted, heldBack }: Draw,
    chunk: number,
  ): Promise<ReadRows> {
    const source = { inputDims: input.dims, outputDims: output.dims, keptOutputs: kept?.outputs };
    const rows = new Int32Array(fitted.length + heldBack.length);
    rows.set(fitted);
    rows.set(heldBack, fitted.length);
    const places = placesOf(rewritten, source, rows);
    const buffers = this.#buffers[chunk % 2] as ChunkBuffers;
    const gather = async (tensor: KeptTensor, where: Places, into: GrowingBuffer) => ({
      dtype: tensor.dtype,
      data: await tensor.gather(where, into),
    });
    const [x, y, lost] = await Promise.all([
      gather(input, places.input, buffers.input),
      gather(output, places.wanted, buffers.output),
      residual &&
        Promise.all([
          gather(residual[0], places.wanted, buffers.residual[0]),
          gather(residual[1], places.output, buffers.residual[1]),
        ]),
    ]);
    return { places, input: x, output: y, residual: lost };
  }
}
