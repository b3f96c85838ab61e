import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { openDataset, type PreprocessInput } from '../../src/data/index.ts';
import { checkPreprocess, parsePreprocess, presetSettings } from '../../src/data/preprocess.ts';
import type { RuntimePort } from '../../src/runtime/index.ts';
import { dataFolder, port, refusal } from './data-files.ts';

const { preprocess } = JSON.parse(readFileSync('test/oracle/resize.json', 'utf8')) as {
  preprocess: { pixels: number[]; dims: number[] } & Record<
    'bgr' | 'gray',
    { settings: PreprocessInput; dims: number[]; values: number[] }
  >;
};
const folder = dataFolder();

async function fed(
  pixels: Uint8Array,
  dims: readonly number[],
  input: RuntimePort,
  settings: string | PreprocessInput,
) {
  const file = folder.npy('image.npy', pixels, [1, ...dims]);
  const dataset = await openDataset(file, { ports: [input], preprocess: settings });
  for await (const { feeds } of dataset.batches(1)) return feeds.input;
  throw new Error('no batch');
}

describe('preprocessing', () => {
  test.each(['bgr', 'gray'] as const)('agrees with numpy on every step, %s', async (name) => {
    const { settings, dims, values } = preprocess[name];
    const tensor = await fed(Uint8Array.from(preprocess.pixels), preprocess.dims, port(['N', ...dims]), settings);
    expect(tensor?.dims).toEqual([1, ...dims]);
    // Values of about 3 after one rounding to float32 of pixels up to 255 and a division by 0.22.
    const tolerance = (255 * 2 ** -24) / 255 / 0.22 + 3 * 2 ** -23;
    values.forEach((value, k) => void expect(Math.abs(value - Number(tensor?.data[k]))).toBeLessThanOrEqual(tolerance));
  });

  test('preset imagenet resizes the shorter side to 256/224 of the input and crops', async () => {
    expect(presetSettings('imagenet', [224, 224])).toMatchObject({ resize: 256, crop: [224, 224] });
    const explicit = { ...presetSettings('imagenet', [7, 7]), layout: 'NCHW' as const };
    const [pixels, dims] = [Uint8Array.from(preprocess.pixels), preprocess.dims];
    const input = port([1, 3, 7, 7]);
    expect(await fed(pixels, dims, input, 'imagenet')).toEqual(await fed(pixels, dims, input, explicit));
  });

  test('a preset leaves images of the size of the input as they are', async () => {
    const pixels = Uint8Array.from(preprocess.pixels);
    const tensor = await fed(pixels, preprocess.dims, port([1, 11, 15, 3]), 'tf');
    expect(Array.from(tensor?.data as Float32Array, (value) => Math.round((value + 1) * 127.5))).toEqual([...pixels]);
  });

  test('gray images become three equal channels where the input has three', async () => {
    const tensor = await fed(new Uint8Array([10, 20, 30, 40]), [2, 2], port([1, 3, 2, 2]), 'raw');
    expect([...(tensor?.data ?? [])]).toEqual([10, 20, 30, 40, 10, 20, 30, 40, 10, 20, 30, 40]);
  });

  test('drops the alpha channel', async () => {
    const tensor = await fed(new Uint8Array([1, 2, 3, 99, 4, 5, 6, 99]), [1, 2, 4], port([1, 3, 1, 2]), { scale: 1 });
    expect([...(tensor?.data ?? [])]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  test.each([
    [{ resiz: 3 }, /unknown key "resiz".*Did you mean "resize"/],
    [{ labeloffset: 1 }, /Did you mean "labelOffset"/],
    [{ colour: 'rgb' }, /unknown key "colour".*Known: resize, antialias/],
    [{ resize: [1, 2, 3] }, /"resize"/],
    [{ crop: 0 }, /"crop"/],
    [{ std: [0.2, 0, 0.2] }, /"std/],
    [{ scale: 'big' }, /"scale"/],
    [[], /expected object/],
  ])('refuses %j and says why', (settings, message) => {
    expect(() => checkPreprocess(settings)).toThrow(message);
  });

  test('refuses statistics of another number of channels than the images', async () => {
    const call = fed(new Uint8Array(12), [2, 2, 3], port([1, 3, 2, 2]), { mean: [0.5, 0.5] });
    expect(await refusal(call)).toMatchObject({
      code: 'invalid-preprocess',
      message: '"mean" has 2 numbers for 3 channels',
    });
  });

  test('refuses a crop larger than the image, naming it', async () => {
    const call = fed(new Uint8Array(12), [2, 2, 3], port([1, 3, 4, 4]), { crop: 4 });
    expect(await refusal(call)).toMatchObject({
      code: 'image-too-small',
      where: { file: expect.stringContaining('image.npy[0]') },
    });
  });

  test('tells a misspelt preset from a missing file', async () => {
    expect(await refusal(parsePreprocess('imagnet'))).toMatchObject({ exitCode: 2, hint: 'Did you mean "imagenet"?' });
    expect(await refusal(parsePreprocess('missing.json'))).toMatchObject({
      exitCode: 7,
      where: { file: 'missing.json' },
    });
    expect(await refusal(parsePreprocess(folder.write('bad.json', '{')))).toMatchObject({
      code: 'invalid-preprocess',
      exitCode: 2,
    });
  });
});
