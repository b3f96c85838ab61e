import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { builtinPasses } from '../../passes/index.ts';
import type { CurveServer } from '../rewrite/index.ts';

/** Threads that compute error curves; `close` ends them. */
export interface CurvePool extends CurveServer {
  close(): Promise<void>;
}

/** Each holds a metric of its own: hundreds of megabytes for wide operators. */
const mostWorkers = 4;

/** Node runs what was built, also for tests that run sources. */
const worker = import.meta.url.endsWith('.ts') ? '../../dist/src/pipeline/curve-worker.js' : './curve-worker.js';

/**
 * Threads beside the main one, started when they first have something to do. Plugins are not known there, and their curves
 * are computed where they were loaded.
 *
 * @param threads of the run, this one included
 */
export function openCurvePool(threads: number, signal: AbortSignal): CurvePool | undefined {
  const workers = Math.min(threads - 1, mostWorkers);
  if (workers < 1) return undefined;
  const known = new Set(builtinPasses.map(({ name }) => name));
  let pool: Piscina | undefined;
  const end = async () => {
    await pool?.destroy();
  };
  signal.addEventListener('abort', end);
  return {
    // One for each worker, one that waits for the next to be free, one whose levels are computed here.
    nodesBehind: workers + 2,
    errors(job) {
      if (!known.has(job.pass)) return undefined;
      pool ??= new Piscina({
        filename: fileURLToPath(new URL(worker, import.meta.url)),
        name: 'curve',
        minThreads: 0,
        maxThreads: workers,
        idleTimeout: Number.POSITIVE_INFINITY,
      });
      return pool.run(job);
    },
    async close() {
      signal.removeEventListener('abort', end);
      await end();
    },
  };
}
