import { SingleBar } from 'cli-progress';
import type { Event, OnEvent, Stage } from '../events.ts';
import { printable } from '../report/index.ts';
import { diagnosticText } from './failure.ts';
import type { Output } from './output.ts';

export interface ProgressSettings {
  readonly output: Output;
  /** False with --no-progress. */
  readonly bars: boolean;
  readonly verbose: boolean;
}

/** Events become text here and nowhere else: one line per stage, and a bar while it runs where somebody looks. */
export interface Progress {
  readonly onEvent: OnEvent;
  /** Takes a bar that is still there off the terminal. */
  stop(): void;
}

export function createProgress({ output, bars, verbose }: ProgressSettings): Progress {
  const view = bars && output.stderr.isTTY === true && !output.quiet ? barView(output) : lineView(output, verbose);
  const onEvent = (event: Event) => {
    if (event.kind === 'progress') return view.advance(event);
    view.stop();
    if (event.kind === 'warning') output.say(diagnosticText(event.diagnostic, output));
    else if (event.state === 'end' && (verbose || event.text !== undefined))
      output.say(stageLine(event.stage, event.text, event.seconds));
  };
  return { onEvent, stop: view.stop };
}

type ProgressEvent = Extract<Event, { kind: 'progress' }>;

interface View {
  advance(event: ProgressEvent): void;
  stop(): void;
}

function lineView(output: Output, verbose: boolean): View {
  return {
    advance: ({ stage, done, total, item }) => {
      if (verbose && item !== undefined) output.say(stageLine(stage, `${done}/${total} ${item}`, undefined));
    },
    stop: () => undefined,
  };
}

function barView(output: Output): View {
  let bar: { readonly stage: Stage; readonly total: number; readonly line: SingleBar } | undefined;
  const stop = () => {
    bar?.line.stop();
    bar = undefined;
  };
  return {
    advance: ({ stage, done, total, item = '' }) => {
      if (bar?.stage !== stage || bar.total !== total) {
        stop();
        bar = { stage, total, line: startBar(output, stage, total) };
      }
      bar.line.update(done, { item: printable(item) });
    },
    stop,
  };
}

function startBar(output: Output, stage: Stage, total: number): SingleBar {
  const line = new SingleBar({
    format: ` ${stage.padEnd(9)}  {bar}  {value}/{total}  {item}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 27,
    clearOnComplete: true,
    hideCursor: false,
    stream: output.stderr,
    gracefulExit: false,
  });
  line.start(total, 0, { item: '' });
  return line;
}

function stageLine(stage: Stage, text: string | undefined, seconds: number | undefined): string {
  const start = ` ${stage.padEnd(9)}  ${printable(text ?? '')}`;
  return seconds === undefined ? start.trimEnd() : `${start.padEnd(86)}${`${seconds.toFixed(1)} s`.padStart(8)}`;
}
