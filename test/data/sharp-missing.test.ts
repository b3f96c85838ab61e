import { expect, jest, test } from '@jest/globals';
import { dataFolder, port } from './data-files.ts';

const folder = dataFolder();

test('says how to bring images where the package that decodes them is missing', async () => {
  await folder.picture('a.png', [1, 2, 3]);
  jest.unstable_mockModule('sharp', () => {
    throw new Error("Cannot find package 'sharp'");
  });
  jest.resetModules();
  const { openDataset } = await import('../../src/data/index.ts');
  await expect(openDataset(folder.root, { ports: [port(['N', 3, 4, 5])] })).rejects.toMatchObject({
    diagnostic: { code: 'sharp-missing', exitCode: 2, hint: expect.stringContaining('npm install sharp') },
  });
});
