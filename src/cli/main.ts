#!/usr/bin/env node
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { diagnostics } from '../diagnostics.ts';
import { reportFailure } from './failure.ts';
import { library } from './library.ts';
import { createOutput } from './output.ts';
import { runCli } from './run-cli.ts';

// What fits let go are arrays outside the heap. Marking step by step begins anew with every 64 MB of them and takes a tenth of
// a run; whole collections are a tenth as many, in the same memory.
setFlagsFromString('--no-incremental-marking');

const { stdin, stdout, stderr, env: environment } = process;
const argv = process.argv.slice(2);

/** The first signal stops the run cleanly; the second leaves at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const stop = diagnostics.interrupted(name);
      if (controller.signal.aborted) process.exit(stop.diagnostic.exitCode);
      controller.abort(stop);
    });
  }
  return controller.signal;
}

/** `onnx-tucker … | head` closes the pipe early: what nobody reads any more is no failure. */
for (const stream of [stdout, stderr]) {
  stream.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EPIPE') throw cause;
  });
}

/** What nobody awaited still ends in one line and a code. */
process.on('uncaughtException', (cause) => {
  const output = createOutput({ stdout, stderr, environment, quiet: false });
  process.exit(reportFailure(cause, output, argv.includes('--verbose')));
});

process.exitCode = await runCli(
  { argv, cwd: process.cwd(), environment, stdin, stdout, stderr, signal: stopSignal() },
  library,
);
