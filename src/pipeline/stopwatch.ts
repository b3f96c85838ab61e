import type { OnEvent, Stage } from '../events.ts';

/** Wall time per stage, told as it passes. Work of one stage that overlaps counts once. */
export class Stopwatch {
  readonly #onEvent: OnEvent;
  readonly #seconds = new Map<Stage, number>();
  readonly #running = new Map<Stage, { works: number; readonly since: number }>();

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
    const result = await this.add(stage, work);
    const seconds = (performance.now() - start) / 1000;
    this.#onEvent({ kind: 'stage', stage, state: 'end', seconds, ...(text && { text: text(result) }) });
    return result;
  }

  /** Counts time towards a stage without telling; for work that comes in many small parts. */
  async add<Result>(stage: Stage, work: () => Result | Promise<Result>): Promise<Result> {
    const running = this.#running.get(stage) ?? { works: 0, since: performance.now() };
    running.works++;
    this.#running.set(stage, running);
    try {
      return await work();
    } finally {
      running.works--;
      if (running.works === 0) {
        this.#running.delete(stage);
        this.#seconds.set(stage, (this.#seconds.get(stage) ?? 0) + (performance.now() - running.since) / 1000);
      }
    }
  }

  get seconds(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#seconds);
  }
}
