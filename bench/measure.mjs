import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';

/**
 * @typedef {object} Sample
 * @property {number} wall seconds from start to exit
 * @property {number} cpu seconds of user and system time, of the process and every child it waited for
 * @property {number} peak bytes: largest resident set of the process tree, all processes added up
 * @property {string} stdout
 */

/** How often the process tree is looked at, in milliseconds. */
const interval = 20;
const pageSize = 4096;

/**
 * Runs one command to its end. Linux only: the memory of the tree is read from /proc, processor time comes from bash's
 * `times`, which counts children that were waited for.
 *
 * @param {readonly string[]} command
 * @param {{ env?: Record<string, string | undefined>, cwd?: string }} [options] what is undefined in `env` is unset
 * @returns {Promise<Sample>}
 */
export async function measure(command, { env = {}, cwd } = {}) {
  const start = process.hrtime.bigint();
  const child = spawn('bash', ['-c', '"$@"; status=$?; times >&3; exit $status', 'bash', ...command], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const [stdoutPipe, timesPipe] = [child.stdout, child.stdio[3]];
  if (child.pid === undefined || !stdoutPipe || !(timesPipe instanceof Readable))
    throw new Error('bash cannot be started');
  const texts = [collect(stdoutPipe), collect(timesPipe)];
  const memory = watchMemory(child.pid);
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  const peak = memory.stop();
  const [stdout = '', times = ''] = await Promise.all(texts);
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}\n${stdout}`);
  return { wall, cpu: childSeconds(times), peak, stdout };
}

/** @param {AsyncIterable<Buffer>} stream */
async function collect(stream) {
  /** @type {Buffer[]} */
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Second line of bash's `times`: user and system time of children. @param {string} times */
function childSeconds(times) {
  const line = times.trim().split('\n')[1] ?? '';
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
}

/** @param {number} root */
function watchMemory(root) {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, residentSet(root));
  };
  const timer = setInterval(look, interval);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

/** Resident bytes of a process and all below it. Pages that processes share count for each. @param {number} root */
function residentSet(root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  /** @type {Map<number, number>} */
  const pages = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statFields(entry);
    if (!fields) continue;
    const [parent, resident] = [Number(fields[1]), Number(fields[21])];
    pages.set(Number(entry), resident);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  /** @type {(pid: number) => number} */
  const sum = (pid) => (children.get(pid) ?? []).reduce((total, child) => total + sum(child), pages.get(pid) ?? 0);
  return sum(root) * pageSize;
}

/** Fields of /proc/PID/stat from the state on; the name before them may hold anything. @param {string} pid */
function statFields(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // The process ended since the folder was listed.
  }
}
