import type { Event, OnEvent } from '../events.ts';

/**
 * The events of a sweep: each warning once, and within a point only its own line has a text. That a model is slower is no
 * warning there: its time is one of the figures.
 */
export interface SweepEvents {
  readonly onEvent: OnEvent;
  /** @param text of the point's line */
  point<Result>(work: () => Promise<Result>, text: (result: Result) => string): Promise<Result>;
}

export function sweepEvents(listener: OnEvent = () => {}): SweepEvents {
  const told = new Set<string>();
  let inPoint = false;
  const onEvent = (event: Event) => {
    if (event.kind === 'warning') {
      const { code, message } = event.diagnostic;
      if (code === 'slower' || told.has(`${code} ${message}`)) return;
      told.add(`${code} ${message}`);
    }
    if (inPoint && event.kind === 'stage') {
      const { text: _text, ...untold } = event;
      listener(untold);
    } else listener(event);
  };
  return {
    onEvent,
    async point(work, text) {
      listener({ kind: 'stage', stage: 'sweep', state: 'start' });
      const start = performance.now();
      inPoint = true;
      try {
        const result = await work();
        const seconds = (performance.now() - start) / 1000;
        listener({ kind: 'stage', stage: 'sweep', state: 'end', seconds, text: text(result) });
        return result;
      } finally {
        inPoint = false;
      }
    },
  };
}
