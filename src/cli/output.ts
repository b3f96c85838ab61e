import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import type { Environment } from './environment.ts';

type Style = Parameters<typeof styleText>[0];

/** A stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Data goes to stdout, talk to stderr, so that a pipe carries data only. */
export interface Output {
  /** The result that was asked for. */
  print(text: string): void;
  /** Bytes of a result; done when they are out. */
  write(bytes: Uint8Array): Promise<void>;
  /** Talk about the work; silent with --quiet. */
  say(text: string): void;
  /** What is said even with --quiet: errors. */
  complain(text: string): void;
  readonly stderr: OutputStream;
  /** Colours text meant for stdout or stderr, where that is wanted. */
  paint(stream: 'stdout' | 'stderr', style: Style, text: string): string;
  readonly color: { readonly stdout: boolean; readonly stderr: boolean };
  /** Columns of a terminal; what goes into a file is not cut. */
  readonly width: { readonly stdout: number | undefined; readonly stderr: number | undefined };
  readonly quiet: boolean;
}

export interface OutputSettings {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly environment: Environment;
  readonly quiet: boolean;
}

export function createOutput({ stdout, stderr, environment, quiet }: OutputSettings): Output {
  const color = { stdout: wantsColor(stdout, environment), stderr: wantsColor(stderr, environment) };
  const line = (stream: OutputStream, text: string) => void stream.write(`${text}\n`);
  return {
    print: (text) => line(stdout, text),
    write: (bytes) => writeAll(stdout, bytes),
    say: (text) => {
      if (!quiet) line(stderr, text);
    },
    complain: (text) => line(stderr, text),
    paint: (stream, style, text) => (color[stream] ? styleText(style, text, { validateStream: false }) : text),
    stderr,
    color,
    width: { stdout: stdout.columns, stderr: stderr.columns },
    quiet,
  };
}

/** FORCE_COLOR over NO_COLOR over whether anybody looks: see no-color.org and force-color.org. */
export function wantsColor(stream: OutputStream, environment: Environment): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = environment;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (no !== undefined && no !== '') return false;
  return stream.isTTY === true && term !== 'dumb';
}

function writeAll(stream: OutputStream, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const broken = (cause: Error) => reject(cause);
    stream.once('error', broken);
    stream.write(bytes, (cause) => {
      stream.off('error', broken);
      if (cause) reject(cause);
      else resolve();
    });
  });
}
