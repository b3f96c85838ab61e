/** Starts a child as openRuntime does, gives it a long run, and says which process it is. Killed by the test. */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [childFile = '', modelFile = ''] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-'));
const settings = { parent: process.pid, memory: 2 ** 40, folder, memoryMessage: '' };
const child = fork(childFile, [JSON.stringify(settings)], {
  serialization: 'advanced',
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
});

let step = 0;
child.on('message', () => {
  step++;
  if (step === 1) child.send({ kind: 'load', session: 0, model: new Uint8Array(readFileSync(modelFile)), options: {} });
  if (step !== 2) return;
  const size = { dtype: 'int64', dims: [2], data: BigInt64Array.of(8192n, 8192n) };
  child.send({ kind: 'run', session: 0, feeds: { size } }, () =>
    process.stdout.write(JSON.stringify({ pid: child.pid, folder })),
  );
});
