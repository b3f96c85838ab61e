import { DiagnosticError } from '../diagnostics.ts';
import { ownValue } from '../own-value.ts';
import type { RuntimePort, RuntimeSession } from '../runtime/index.ts';
import { randomFeeds, unfeedable } from './random-feeds.ts';
import { type Unjudged, unjudged } from './unjudged.ts';

export type InputShapes = Readonly<Record<string, readonly number[]>>;

/** What to put for sizes that the model leaves open. */
interface Guess {
  readonly channels: number;
  readonly spatial: number;
}

/** Tried in this order: most open image inputs take photographs of ImageNet's size, most others single vectors. */
const guesses: readonly Guess[] = [
  { channels: 3, spatial: 224 },
  { channels: 1, spatial: 224 },
  { channels: 3, spatial: 64 },
  { channels: 1, spatial: 64 },
  { channels: 3, spatial: 32 },
  { channels: 1, spatial: 512 },
  { channels: 1, spatial: 1 },
];

/**
 * Shapes for all inputs: `given` first, then the model's own sizes, 1 for an open first axis (the batch), and for other
 * open axes the first guess with which the model runs on random values.
 *
 * @returns Unjudged when an input takes what we cannot make, or the model never runs
 */
export async function findInputShapes(
  session: RuntimeSession,
  seed: number,
  given: InputShapes = {},
): Promise<InputShapes | Unjudged> {
  for (const port of session.inputs) {
    const reason = unfeedable(port, ownValue(given, port.name));
    if (reason) return unjudged(reason);
  }
  const candidates = distinct(guesses.map((guess) => shapesOf(session.inputs, given, guess)));
  let reason = '';
  for (const shapes of candidates) {
    try {
      await session.run(randomFeeds(session.inputs, shapes, seed));
      return shapes;
    } catch (cause) {
      if (!(cause instanceof DiagnosticError) || cause.diagnostic.code !== 'runtime-rejected') throw cause;
      reason = cause.diagnostic.message;
    }
  }
  const many = candidates.length > 1;
  return unjudged(`random inputs do not run${many ? ' in any shape tried (give --input-shape)' : ''}: ${reason}`);
}

function shapesOf(ports: readonly RuntimePort[], given: InputShapes, guess: Guess): InputShapes {
  const symbols = new Map<string, number>();
  return Object.fromEntries(
    ports.map((port) => [
      port.name,
      ownValue(given, port.name) ?? (port.shape ?? []).map((size, axis) => resolve(port, axis, size, guess, symbols)),
    ]),
  );
}

/** A named symbol has one size wherever it stands; the empty name is nobody's. */
function resolve(
  port: RuntimePort,
  axis: number,
  size: number | string,
  guess: Guess,
  symbols: Map<string, number>,
): number {
  if (typeof size === 'number') return size;
  const known = size === '' ? undefined : symbols.get(size);
  if (known !== undefined) return known;
  const chosen = axis === 0 ? 1 : axis === channelAxis(port) ? guess.channels : guess.spatial;
  symbols.set(size, chosen);
  return chosen;
}

/** Images and signals have their channels second, or last where a small number stands there. */
function channelAxis({ shape = [] }: RuntimePort): number | undefined {
  if (shape.length < 3) return undefined;
  const last = shape.at(-1);
  return typeof last === 'number' && last <= 4 && typeof shape[1] !== 'number' ? shape.length - 1 : 1;
}

function distinct(candidates: readonly InputShapes[]): readonly InputShapes[] {
  return [...new Map(candidates.map((shapes) => [JSON.stringify(shapes), shapes])).values()];
}
