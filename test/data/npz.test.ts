import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { openNpy } from '../../src/data/npy.ts';
import { openNpz } from '../../src/data/npz.ts';
import { dataFolder, refusal } from './data-files.ts';

const { archives } = JSON.parse(readFileSync('test/oracle/npy.json', 'utf8')) as {
  archives: { x: number[]; y: number[]; stored: string; deflated: string };
};
const folder = dataFolder();

async function array(file: string, name: string) {
  const source = (await openNpz(file)).get(name);
  if (!source) throw new Error(`no ${name}`);
  return openNpy(source);
}

describe('openNpz', () => {
  test.each(['stored', 'deflated'] as const)('reads what numpy wrote, %s', async (kind) => {
    const file = folder.write(`${kind}.npz`, Buffer.from(archives[kind], 'base64'));
    expect([...(await openNpz(file)).keys()]).toEqual(['x', 'y']);
    expect(Array.from(await (await array(file, 'x')).values(), Number)).toEqual(archives.x);
    expect(Array.from(await (await array(file, 'y')).values(), Number)).toEqual(archives.y);
  });

  test.each(['stored', 'deflated'] as const)('gives chosen samples of an array, %s', async (kind) => {
    const file = folder.write(`some-${kind}.npz`, Buffer.from(archives[kind], 'base64'));
    const seen: number[][] = [];
    for await (const sample of (await array(file, 'x')).samples([1, 4, 5])) seen.push(Array.from(sample, Number));
    expect(seen).toEqual([1, 4, 5].map((k) => archives.x.slice(k * 60, (k + 1) * 60)));
  });

  test('inflates no further than its reader has come', async () => {
    const [samples, bytes] = [200, 150_528];
    const file = folder.npz('large.npz', { x: [new Uint8Array(samples * bytes), [samples, bytes]] });
    const x = await array(file, 'x');
    const start = process.memoryUsage().arrayBuffers;
    const reader = x.samples(Array(samples).keys())[Symbol.asyncIterator]();
    expect((await reader.next()).value).toHaveLength(bytes);
    // Time enough to inflate all 30 MB, if nothing held it back.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(process.memoryUsage().arrayBuffers - start).toBeLessThan(5e6);
    await reader.return?.();
  });

  test('stops reading where the last wanted sample ends', async () => {
    // Noise does not deflate, so that byte k of the array lies near byte k of the file.
    const [samples, bytes] = [40, 20_000];
    const noise = Uint8Array.from({ length: samples * bytes }, (_, k) => (Math.imul(k, 2654435761) >>> 13) ^ (k >>> 3));
    const whole = readFileSync(folder.npz('noise.npz', { x: [noise, [samples, bytes]] }));
    const file = folder.write('noise-damaged.npz', whole.fill(0xff, whole.length / 2, (whole.length * 3) / 4));
    const x = await array(file, 'x');
    let read = 0;
    for await (const sample of x.samples([0, 1]))
      read += Number(sample.every((value, k) => value === noise[read * bytes + k]));
    expect(read).toBe(2);
    expect((await refusal(x.values())).code).toBe('unreadable-data');
  });

  test('names the entry that is damaged', async () => {
    const bytes = Buffer.from(archives.deflated, 'base64');
    const file = folder.write('damaged.npz', bytes.fill(0xff, 150, 300));
    const { code, exitCode, where } = await refusal(array(file, 'x').then((x) => x.values()));
    expect({ code, exitCode, place: where?.file }).toEqual({
      code: 'unreadable-data',
      exitCode: 7,
      place: `${file}: x.npy`,
    });
  });

  test('refuses an archive that is cut short', async () => {
    const bytes = Buffer.from(archives.stored, 'base64');
    const file = folder.write('short.npz', bytes.subarray(0, bytes.length - 30));
    expect(await refusal(openNpz(file))).toMatchObject({ code: 'unreadable-data', exitCode: 7 });
  });
});
