import { link, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from '@jest/globals';
import { op, through, weight } from '../hard-models/build.ts';
import { type BadCase, expectRefusal } from './expect-refusal.ts';
import { bytesOf, goodModel, quick } from './folder.ts';

const kernel = [8, 8, 3, 3];
const data = Buffer.from(weight('w', kernel).rawData ?? []);

/** The good model with its weight in a file. */
function externalModel(location: string, more: Readonly<Record<string, string>> = {}): Uint8Array {
  const externalData = Object.entries({ location, ...more }).map(([key, value]) => ({ key, value }));
  const { rawData: _rawData, ...tensor } = weight('w', kernel);
  return bytesOf(
    through(
      [op('Conv', 'x w', 'y', {}, { name: 'conv' })],
      [{ ...tensor, dataLocation: 1, externalData }],
      [1, 8, 9, 9],
    ),
  );
}

/** model.onnx in `folder`, a secret beside it in the folder above, and out.onnx, which must survive. */
async function withExternal(folder: string, location: string, more?: Readonly<Record<string, string>>) {
  await writeFile(join(folder, '..', 'secret.bin'), data);
  await writeFile(join(folder, 'model.onnx'), externalModel(location, more));
  await writeFile(join(folder, 'out.onnx'), 'a good model');
  return [join(folder, 'model.onnx'), join(folder, 'out.onnx'), '--force', ...quick];
}

async function withModel(folder: string): Promise<string> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytesOf(goodModel()));
  return path;
}

const unsafe: readonly BadCase[] = [
  {
    name: 'above the model’s folder',
    code: 4,
    error: 'external-data-outside',
    says: ['../secret.bin', 'tensor w'],
    argv: (folder) => withExternal(folder, '../secret.bin'),
  },
  {
    name: 'at an absolute path',
    code: 4,
    error: 'external-data-outside',
    says: [/secret\.bin/, 'tensor w'],
    argv: (folder) => withExternal(folder, join(folder, '..', 'secret.bin')),
  },
  {
    name: 'behind a symbolic link',
    ...{ code: 4, error: 'external-data-link', says: ['link.bin', 'tensor w'] },
    argv: async (folder) => {
      await symlink(join(folder, '..', 'secret.bin'), join(folder, 'link.bin'));
      return withExternal(folder, 'link.bin');
    },
  },
  {
    name: 'in a folder that is a link',
    ...{ code: 4, error: 'external-data-link', says: ['up', 'tensor w'] },
    argv: async (folder) => {
      await symlink('..', join(folder, 'up'));
      return withExternal(folder, 'up/secret.bin');
    },
  },
  {
    name: 'in a file with a second name',
    ...{ code: 4, error: 'external-data-link', says: ['hard.bin', 'tensor w'] },
    argv: async (folder) => {
      const argv = await withExternal(folder, 'hard.bin');
      await link(join(folder, '..', 'secret.bin'), join(folder, 'hard.bin'));
      return argv;
    },
  },
  {
    name: 'in a file that is missing',
    code: 7,
    error: 'cannot-read',
    says: ['nowhere.bin'],
    argv: (folder) => withExternal(folder, 'nowhere.bin'),
  },
  {
    name: 'past the end of its file',
    ...{ code: 3, error: 'external-data-range', says: ['tensor w', 'w.bin'] },
    argv: async (folder) => {
      await writeFile(join(folder, 'w.bin'), data);
      return withExternal(folder, 'w.bin', { offset: '8', length: String(data.length) });
    },
  },
  {
    name: 'at a negative offset',
    ...{ code: 3, error: 'external-data-invalid', says: ['tensor w', '-4'] },
    argv: async (folder) => {
      await writeFile(join(folder, 'w.bin'), data);
      return withExternal(folder, 'w.bin', { offset: '-4' });
    },
  },
  {
    name: 'of another length than the tensor',
    ...{ code: 3, error: 'external-data-invalid', says: ['tensor w', '2304'] },
    argv: async (folder) => {
      await writeFile(join(folder, 'w.bin'), data);
      return withExternal(folder, 'w.bin', { length: '4' });
    },
  },
];

const targets: readonly BadCase[] = [
  {
    name: 'a model that is missing',
    code: 7,
    error: 'cannot-read',
    says: ['nowhere.onnx', 'ENOENT'],
    argv: async (folder) => [join(folder, 'nowhere.onnx'), join(folder, 'out.onnx')],
  },
  {
    name: 'a folder that is missing',
    code: 7,
    error: 'cannot-write',
    says: [/nowhere.out\.onnx/, 'ENOENT'],
    argv: async (folder) => [await withModel(folder), join(folder, 'nowhere', 'out.onnx'), ...quick],
  },
  {
    name: 'a file for a folder',
    ...{ code: 7, error: 'cannot-write', says: [/file.out\.onnx/, 'ENOTDIR'] },
    argv: async (folder) => {
      await writeFile(join(folder, 'file'), '');
      return [await withModel(folder), join(folder, 'file', 'out.onnx'), ...quick];
    },
  },
  {
    name: 'a file system where nothing can be made',
    code: 7,
    error: 'cannot-write',
    says: ['/proc/out.onnx', /ENOENT|EACCES|EROFS|EPERM/],
    argv: async (folder) => [await withModel(folder), '/proc/out.onnx', ...quick],
  },
  {
    name: 'a folder where the output should be',
    ...{ code: 7, error: 'cannot-write', says: ['out.onnx', /regular file/] },
    argv: async (folder) => {
      await mkdir(join(folder, 'out.onnx'));
      return [await withModel(folder), join(folder, 'out.onnx'), '--force', ...quick];
    },
  },
  {
    name: 'a name that is too long',
    code: 7,
    error: 'cannot-write',
    says: ['ENAMETOOLONG'],
    argv: async (folder) => [await withModel(folder), join(folder, `${'x'.repeat(300)}.onnx`), ...quick],
  },
  {
    name: 'an output that exists',
    ...{ code: 2, error: 'output-exists', says: ['out.onnx', '--force'] },
    argv: async (folder) => {
      await writeFile(join(folder, 'out.onnx'), 'a good model');
      return [await withModel(folder), join(folder, 'out.onnx'), ...quick];
    },
  },
  {
    name: 'a link to nowhere as output, without --force',
    ...{ code: 2, error: 'output-exists', says: ['out.onnx', '--force'] },
    argv: async (folder) => {
      await symlink('nowhere.onnx', join(folder, 'out.onnx'));
      return [await withModel(folder), join(folder, 'out.onnx'), ...quick];
    },
  },
  {
    name: 'a report that exists',
    ...{ code: 2, error: 'output-exists', says: ['report.json', '--force'] },
    argv: async (folder) => {
      await writeFile(join(folder, 'report.json'), '{}');
      return [await withModel(folder), join(folder, 'out.onnx'), '--report', join(folder, 'report.json'), ...quick];
    },
  },
  {
    name: 'the input as output',
    ...{ code: 2, error: 'output-is-input', says: ['model.onnx', '--in-place'] },
    argv: async (folder) => [await withModel(folder), join(folder, 'model.onnx'), '--force', ...quick],
  },
  {
    name: 'the input as output by another path',
    ...{ code: 2, error: 'output-is-input', says: ['model.onnx', '--in-place'] },
    argv: async (folder) => [await withModel(folder), join(folder, '..', 'home', 'model.onnx'), '--force', ...quick],
  },
  {
    name: 'the input as output by a hard link',
    ...{ code: 2, error: 'output-is-input', says: ['other.onnx', '--in-place'] },
    argv: async (folder) => {
      const model = await withModel(folder);
      await link(model, join(folder, 'other.onnx'));
      return [model, join(folder, 'other.onnx'), '--force', ...quick];
    },
  },
  {
    name: 'the input as output by a symbolic link',
    ...{ code: 2, error: 'output-is-input', says: ['other.onnx', '--in-place'] },
    argv: async (folder) => {
      const model = await withModel(folder);
      await symlink('model.onnx', join(folder, 'other.onnx'));
      return [model, join(folder, 'other.onnx'), '--force', ...quick];
    },
  },
  {
    name: 'the input’s external data as output',
    ...{ code: 2, error: 'output-is-data', says: ['w.bin'] },
    argv: async (folder) => {
      const argv = await withExternal(folder, 'w.bin');
      await writeFile(join(folder, 'w.bin'), data);
      return [argv[0] as string, join(folder, 'w.bin'), '--force', ...quick];
    },
  },
  {
    name: 'the report in place of the model',
    ...{ code: 2, error: 'usage', says: ['report.json'] },
    argv: async (folder) => {
      const model = await withModel(folder);
      await rename(model, join(folder, 'report.json'));
      return [
        join(folder, 'report.json'),
        join(folder, 'out.onnx'),
        '--report',
        join(folder, 'report.json'),
        '--force',
        ...quick,
      ];
    },
  },
];

describe('external data is refused', () => {
  test.each(unsafe.map((row) => [row.name, row] as const))('%s', (_name, row) => expectRefusal(row));
});

describe('files are refused', () => {
  test.each(targets.map((row) => [row.name, row] as const))('%s', (_name, row) => expectRefusal(row));
});
