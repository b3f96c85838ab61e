import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { concatenate, encodeModelProto } from '../../src/wire/index.ts';
import { op, through, weight } from '../hard-models/build.ts';
import { isGroupAlive, type Room, type Started, startCommand, useRooms } from './command.ts';

const newRoom = useRooms();

/** Eight convolutions, whose fits take long enough to be met at work. */
function slowModel(): Uint8Array {
  const channels = [16, 16, 16, 16, 16, 16, 16, 32, 32];
  const nodes = channels
    .slice(1)
    .map((_, i) => op('Conv', `v${i} w${i}`, `v${i + 1}`, { pads: [1, 1, 1, 1] }, { name: `conv${i}` }));
  const weights = channels.slice(1).map((outputs, i) => weight(`w${i}`, [outputs, channels[i] as number, 3, 3]));
  const model = through(
    [op('Identity', 'x', 'v0'), ...nodes, op('Identity', `v${channels.length - 1}`, 'y')],
    weights,
    [1, 16, 32, 32],
  );
  return concatenate(encodeModelProto(model));
}

/** A signal, the code for it, and moments to send it at: after so many milliseconds, or when stderr says so. */
const stops = [
  ['SIGINT', 130, 0],
  ['SIGINT', 130, 120],
  ['SIGINT', 130, /^ read /m],
  ['SIGINT', 130, /^ plan +[1-8]\//m],
  ['SIGTERM', 143, /^ factorize +1\//m],
  ['SIGINT', 130, /^ factorize +7\//m],
  ['SIGINT', 130, /^ write /m],
  ['SIGTERM', 143, /^ verify /m],
] as const;

const pipeline = 'ratio-ranks{params=0.5,ends=fit},cp-split{sweeps=40}';

async function prepare(): Promise<Room> {
  const room = await newRoom();
  await writeFile(join(room.folder, 'model.onnx'), slowModel());
  await writeFile(join(room.folder, 'out.onnx'), 'a good model');
  return room;
}

function when(moment: number | RegExp, { process: child }: Started): Promise<void> {
  if (typeof moment === 'number') return new Promise((resolve) => setTimeout(resolve, moment));
  let said = '';
  return new Promise((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (moment.test(said)) resolve();
    });
    child.on('close', () => resolve());
  });
}

test.each(stops)(
  '%s (%i) at %p stops the work, leaves the old output, and nothing else',
  async (signal, exit, moment) => {
    const room = await prepare();
    const argv = ['model.onnx', 'out.onnx', '--force', '--verbose', '--report', 'report.json', '--pipeline', pipeline];
    const started = startCommand(argv, room);
    await when(moment, started);
    const before = performance.now();
    started.process.kill(signal);
    const { code, signal: died, stdout, stderr } = await started.ended;
    // Before the command is loaded the system's own handling stands; a shell makes the same number of it.
    if (died === null) {
      expect(stderr).toContain(`error[interrupted]: stopped by ${signal}, nothing was written`);
      expect(code).toBe(exit);
    } else expect(died).toBe(signal);
    expect(typeof moment === 'number' || died === null).toBe(true);
    expect(stdout).toBe('');
    expect(performance.now() - before).toBeLessThan(10_000);
    expect((await readdir(room.folder)).sort()).toEqual(['model.onnx', 'out.onnx']);
    expect(await readFile(join(room.folder, 'out.onnx'), 'utf8')).toBe('a good model');
    expect([await readdir(room.temporary), await readdir(room.home)]).toEqual([[], []]);
    expect(isGroupAlive(started)).toBe(false);
  },
);
