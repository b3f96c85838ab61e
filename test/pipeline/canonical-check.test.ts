import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { writeModel } from '../../src/onnx/index.ts';
import { compress } from '../../src/pipeline/index.ts';
import { smallCnn } from '../support/small-models.ts';

test('a canonicalize pass that changes what the model computes ends the run, and nothing is written', async () => {
  const folder = await mkdtemp(join(resolve('.'), '.plugin-'));
  const plugin = join(folder, 'drop-bias.mjs');
  await writeFile(
    plugin,
    `import { z } from 'zod';
     export default {
       name: 'drop-bias', kind: 'canonicalize', summary: 'a pass that is wrong', options: z.strictObject({}),
       match: (node) => (node.is('Conv') && node.inputs[2] ? node : null),
       rewrite: (node, edit) => edit.setInput(node, 2, null),
     };`,
  );
  try {
    const options = { plugins: [plugin], pipeline: 'drop-bias,ratio-ranks{params=0.5,ends=fit},tucker-2' };
    await expect(compress(writeModel(smallCnn()), options)).rejects.toMatchObject({
      diagnostic: { code: 'check-failed', exitCode: 5, message: expect.stringContaining('canonicalize') },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
