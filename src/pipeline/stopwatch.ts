import type { OnEvent, Stage } from '../events.ts';

/** Wall time per stage, told as it passes. */
export class Stopwatch {
  readonly #onEvent: OnEvent;
  readonly #seconds = new Map<Stage, number>();

  constructor(onEvent: OnEvent) {
    this.#onEvent = onEvent;
  }

  async time<Result>(
    stage: Stage,
    work: () => Result | Promise<Result>,
    text?: (result: Result) => string,
  ): Promise<Result> {
    this.#onEvent({ kind: 'stage', stage, state: 'start' });
    const start = performance.now();
    const result = await work();
    const seconds = this.#count(stage, start);
    this.#onEvent({ kind: 'stage', stage, state: 'end', seconds, ...(text && { text: text(result) }) });
    return result;
  }

  /** Counts time towards a stage without telling; for work that comes in many small parts. */
  async add<Result>(stage: Stage, work: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#count(stage, start);
    }
  }

  /** @returns the seconds since `start` */
  #count(stage: Stage, start: number): number {
    const seconds = (performance.now() - start) / 1000;
    this.#seconds.set(stage, (this.#seconds.get(stage) ?? 0) + seconds);
    return seconds;
  }

  get seconds(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#seconds);
  }
}
