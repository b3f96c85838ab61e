import { describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { decodeImages } from '../../src/data/image-files.ts';
import { dataFolder } from './data-files.ts';

const folder = dataFolder();
const red = { r: 200, g: 40, b: 40 };
const plain = () => sharp({ create: { width: 3, height: 2, channels: 3, background: red } });

async function decoded(name: string, picture: Sharp) {
  const file = folder.write(name, await picture.toBuffer());
  for await (const sample of decodeImages([file])) return sample;
  throw new Error('nothing decoded');
}

describe('decodeImages', () => {
  test.each([
    ['colour.png', () => plain().png()],
    ['transparent.png', () => plain().ensureAlpha(0.5).png()],
    ['sixteen-bit.png', () => plain().toColourspace('rgb16').png()],
    ['palette.gif', () => plain().gif()],
    ['lossless.webp', () => plain().webp({ lossless: true })],
    ['scan.tiff', () => plain().tiff()],
  ])('gives %s as three channels of eight bits', async (name, picture) => {
    const { data, dims } = await decoded(name, picture());
    expect(dims).toEqual([2, 3, 3]);
    expect([...data]).toEqual(Array.from({ length: 18 }, (_, k) => (k % 3 === 0 ? 200 : 40)));
  });

  test('gives a gray picture as three equal channels', async () => {
    const { data, dims } = await decoded('gray.png', plain().greyscale().png());
    expect(dims).toEqual([2, 3, 3]);
    expect(new Set(Array.from(data, Number)).size).toBe(1);
  });

  test('does not turn a picture that says it lies on its side', async () => {
    const { dims } = await decoded('turned.jpg', plain().withMetadata({ orientation: 6 }).jpeg());
    expect(dims).toEqual([2, 3, 3]);
  });

  test('keeps the order of the files, however long each takes', async () => {
    const files: string[] = [];
    for (let k = 0; k < 12; k++)
      files.push(await folder.picture(`order/${k}.png`, [k, 0, 0], k % 3 === 0 ? 400 : 2, 300));
    const seen: number[] = [];
    for await (const { data } of decodeImages(files)) seen.push(Number(data[0]));
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });
});
