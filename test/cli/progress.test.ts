import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { createOutput } from '../../src/cli/output.ts';
import { createProgress } from '../../src/cli/progress.ts';
import { diagnostics } from '../../src/diagnostics.ts';
import type { Event } from '../../src/events.ts';

const events: readonly Event[] = [
  { kind: 'stage', stage: 'read', state: 'start' },
  { kind: 'stage', stage: 'read', state: 'end', seconds: 0.21, text: 'resnet18.onnx  44.7 MiB' },
  { kind: 'progress', stage: 'factorize', done: 1, total: 2, item: 'conv1' },
  { kind: 'warning', diagnostic: diagnostics.warning('odd-values', 'these do not look normalised', { node: 'conv1' }) },
  { kind: 'progress', stage: 'factorize', done: 2, total: 2, item: 'conv2' },
  { kind: 'stage', stage: 'factorize', state: 'end', seconds: 6.8, text: '2/2' },
];

interface Settings {
  readonly terminal?: boolean;
  readonly bars?: boolean;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

function shown({ terminal = false, bars = true, verbose = false, quiet = false }: Settings): string {
  let text = '';
  const write = (chunk: Buffer, _encoding: BufferEncoding, done: () => void) => {
    text += chunk.toString();
    done();
  };
  const stderr = Object.assign(new Writable({ write }), { isTTY: terminal, columns: 120, cursorTo: () => true });
  const stdout = new Writable({ write: () => expect('stdout').toBe('untouched') });
  const output = createOutput({ stdout, stderr, environment: { NO_COLOR: '1' }, quiet });
  const progress = createProgress({ output, bars, verbose });
  for (const event of events) progress.onEvent(event);
  progress.stop();
  return text;
}

describe('progress', () => {
  test('is one line per finished stage where nobody watches', () => {
    const lines = shown({}).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^ read {7}resnet18\.onnx {2}44\.7 MiB +0\.2 s$/);
    expect(lines[1]).toBe('warning[odd-values]: these do not look normalised (node conv1)');
    expect(lines[2]).toMatch(/^ factorize {2}2\/2 +6\.8 s$/);
  });

  test('tells every step with --verbose', () => {
    expect(shown({ verbose: true })).toMatch(/^ factorize {2}1\/2 conv1$/m);
  });

  test('says nothing with --quiet, on a terminal neither', () => {
    expect(shown({ quiet: true })).toBe('');
    expect(shown({ quiet: true, terminal: true })).toBe('');
  });

  test('draws a bar on a terminal and takes it away before lines are written', () => {
    const text = shown({ terminal: true });
    expect(text).toContain('█');
    expect(text).toContain('1/2  conv1');
    const eraseLine = '\u001b[2K';
    for (const line of text.split('\n')) expect(line.split(eraseLine).at(-1)).not.toMatch(/[░█]/);
    expect(text).toMatch(/ read {7}resnet18/);
  });

  test('draws no bar with --no-progress', () => {
    expect(shown({ terminal: true, bars: false })).toBe(shown({}));
  });
});
