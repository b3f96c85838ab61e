/**
 * A thread of the child that stays awake while ONNX Runtime blocks the main one. It ends the process when the parent
 * is gone (also after SIGKILL, when nobody says goodbye) or when the resident set passes the limit.
 */
import { rmSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

/** Milliseconds between looks: one costs some 20 µs, and memory is claimed at 1–5 GB/s. */
const interval = 25;

watch(workerData);

/** @param {import('./protocol.ts').ChildSettings} settings */
function watch({ parent, memory, folder, memoryMessage }) {
  setInterval(() => {
    if (!isAlive(parent)) {
      rmSync(folder, { recursive: true, force: true });
      end();
    }
    if (process.memoryUsage.rss() > memory) {
      writeSync(2, `${memoryMessage}\n`);
      end();
    }
  }, interval);
}

/** @param {number} parent */
function isAlive(parent) {
  if (process.platform !== 'win32') return process.ppid === parent;
  try {
    return process.kill(parent, 0);
  } catch {
    return false;
  }
}

function end() {
  process.kill(process.pid, 'SIGKILL');
}
