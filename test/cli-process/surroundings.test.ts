import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { concatenate, encodeModelProto } from '../../src/wire/index.ts';
import { op, through, weight } from '../hard-models/build.ts';
import { isGroupAlive, type Room, startCommand, startInShell, useRooms } from './command.ts';

const newRoom = useRooms();
const digits = fileURLToPath(new URL('../../examples/digits/digits.onnx', import.meta.url));

/** A model of 600 KB and an output that exists. */
async function prepare(): Promise<Room> {
  const room = await newRoom();
  const model = through([op('MatMul', 'x w', 'y', {}, { name: 'matrix' })], [weight('w', [400, 400])], [2, 400]);
  await writeFile(join(room.folder, 'model.onnx'), concatenate(encodeModelProto(model)));
  await writeFile(join(room.folder, 'out.onnx'), 'a good model');
  return room;
}

const arguments_ = 'model.onnx out.onnx --force --no-bench --quiet --pipeline none';

describe('a target that is full', () => {
  // A limit on the size of a file stands for a full disk: the write that would pass it fails with EFBIG.
  test.each([
    ['of the model', '', 'out.onnx'],
    ['of external data', '--external-data always', 'out.onnx'],
  ])('exits 7 with path and cause in the middle %s, and the old output survives', async (_name, more, path) => {
    const room = await prepare();
    const started = startInShell(`ulimit -f 100; exec "$@" ${arguments_} ${more}`, room);
    const { code, stdout, stderr } = await started.ended;
    expect(stderr).toMatch(/^error\[cannot-write\]: cannot write the file: file too large \(EFBIG\) \(.*\)\n$/);
    expect(stderr).toContain(path);
    expect([code, stdout]).toEqual([7, '']);
    expect((await readdir(room.folder)).sort()).toEqual(['model.onnx', 'out.onnx']);
    expect(await readFile(join(room.folder, 'out.onnx'), 'utf8')).toBe('a good model');
  });

  test('exits 7 with one line where standard output is', async () => {
    const started = startInShell(
      `exec "$@" model.onnx - --no-bench --quiet --pipeline none > /dev/full`,
      await prepare(),
    );
    const { code, stderr } = await started.ended;
    expect([code, stderr]).toEqual([7, expect.stringMatching(/^error\[io\]: .*ENOSPC.*\n$/)]);
  });
});

describe('a reader that leaves', () => {
  test.each(['inspect --passes', '--help', `plan ${digits} --pipeline vbmf-ranks,tucker-2 --json`])(
    'during "%s" is no failure',
    async (line) => {
      const { code, stdout, stderr } = await startInShell(
        `"$@" ${line} | head -c 1; echo " \${PIPESTATUS[0]}"`,
        await newRoom(),
      ).ended;
      expect(stdout.slice(1)).toBe(' 0\n');
      expect(stderr).not.toMatch(/EPIPE|error/);
      expect(code).toBe(0);
    },
  );

  test('before it has the model is one', async () => {
    const room = await prepare();
    const { stdout } = await startInShell(
      `"$@" model.onnx - --no-bench --quiet --pipeline none | head -c 1 > head; echo "\${PIPESTATUS[0]}"`,
      room,
    ).ended;
    expect(stdout).toBe('7\n');
    expect((await readdir(room.folder)).sort()).toEqual(['head', 'model.onnx', 'out.onnx']);
  });
});

test('a run leaves what was asked for and nothing else: no temporaries, no process, nothing of ONNX Runtime in the home folder', async () => {
  const room = await newRoom();
  const started = startCommand(
    [digits, 'small.onnx', '--pipeline', 'vbmf-ranks,tucker-2,svd', '--report', 'report.json'],
    room,
  );
  const { code, stderr } = await started.ended;
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('error')]);
  expect((await readdir(room.folder)).sort()).toEqual(['report.json', 'small.onnx']);
  expect([await readdir(room.temporary), await readdir(room.home)]).toEqual([[], []]);
  expect(isGroupAlive(started)).toBe(false);
});
