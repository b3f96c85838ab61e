import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diagnostics } from '../diagnostics.ts';
import { telemetrySwitch } from './import-runtime.ts';
import type { ChildReply, ChildRequest, ChildResults, ChildSettings } from './protocol.ts';

/** What a child may use. */
export interface ChildLimits {
  /** Milliseconds of one request. */
  readonly timeout: number;
  /** Bytes of its resident set. */
  readonly memory: number;
  /** Bytes of kept tensors in memory. */
  readonly room: number;
  /** Where its folder is made. */
  readonly folder: string;
}

interface Pending {
  resolve(value: ChildReply): void;
  reject(reason: unknown): void;
}

const memoryMessage = 'onnx-tucker: memory limit passed';

/** Of the parent's environment the child gets what finding libraries, devices and temporary folders needs, and no secrets. */
const passedOn = [
  'PATH',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'SystemRoot',
  'TMPDIR',
  'TEMP',
  'TMP',
  'CUDA_VISIBLE_DEVICES',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
];

/**
 * One child process and the one request that it works on. While no request is under way it does not keep the parent
 * alive; the end of the parent is its own end.
 */
export class ChildConnection {
  /** For tensors too large for the channel; private to this user and gone with the child. */
  readonly folder: string;
  readonly #child: ChildProcess;
  readonly #limits: ChildLimits;
  #pending: Pending | undefined;
  #reason: unknown;
  #stderr = '';
  #ended = false;
  #killed = false;
  readonly #gone: Promise<void>;

  private constructor(limits: ChildLimits) {
    this.#limits = limits;
    this.folder = mkdtempSync(join(limits.folder, 'onnx-tucker-'));
    const settings: ChildSettings = {
      parent: process.pid,
      memory: limits.memory,
      room: limits.room,
      folder: this.folder,
      memoryMessage,
    };
    this.#child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [JSON.stringify(settings)], {
      serialization: 'advanced',
      execArgv: [],
      env: { ...Object.fromEntries(passedOn.map((name) => [name, process.env[name]])), [telemetrySwitch]: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (text: Buffer) => {
      this.#stderr = (this.#stderr + text.toString()).slice(-4096);
    });
    this.#child.on('message', (reply) => this.#settle(reply as ChildReply));
    this.#child.on('error', (cause) => this.#onError(cause));
    this.#gone = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#end(this.#reason ?? this.#deathOf(code, signal));
        resolve();
      });
    });
  }

  /**
   * @throws runtime-missing when onnxruntime-node cannot be imported, runtime-crashed when the child does not start
   */
  static async start(limits: ChildLimits): Promise<ChildConnection> {
    const connection = new ChildConnection(limits);
    const reply = await connection.#exchange(() => {});
    if (reply.kind === 'ready') return connection;
    await connection.kill();
    throw diagnostics.runtimeMissing(reply.kind === 'missing' ? reply.message : 'unexpected reply');
  }

  get ended(): boolean {
    return this.#ended;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * One request at a time: the caller queues.
   *
   * @param runs how often the time limit is allowed
   * @throws runtime-rejected, runtime-crashed, timed-out, limit-exceeded
   */
  async request<Kind extends ChildRequest['kind']>(
    request: ChildRequest & { readonly kind: Kind },
    runs = 1,
  ): Promise<ChildResults[Kind]> {
    const reply = await this.#exchange(() => this.#child.send(request), runs);
    if (reply.kind === 'done') return reply.value as ChildResults[Kind];
    throw diagnostics.runtimeRejected(`ONNX Runtime: ${reply.kind === 'ready' ? 'unexpected reply' : reply.message}`);
  }

  /** Ends the child at once. A request under way fails with `reason`. @returns when it is gone, with its folder */
  async kill(reason?: unknown): Promise<void> {
    if (this.#ended) return;
    this.#reason ??= reason;
    this.#killed = true;
    this.#hold(true);
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  async #exchange(send: () => void, runs = 1): Promise<ChildReply> {
    if (this.#ended) throw this.#reason ?? diagnostics.runtimeCrashed('the process for ONNX Runtime has ended');
    const timeout = this.#limits.timeout * Math.max(1, runs);
    const timer = setTimeout(() => this.#onTimeout(timeout), timeout);
    this.#hold(true);
    try {
      return await new Promise<ChildReply>((resolve, reject) => {
        this.#pending = { resolve, reject };
        send();
      });
    } finally {
      clearTimeout(timer);
      this.#hold(this.#killed);
    }
  }

  #settle(reply: ChildReply): void {
    this.#pending?.resolve(reply);
    this.#pending = undefined;
  }

  #end(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    rmSync(this.folder, { recursive: true, force: true });
    this.#pending?.reject(reason);
    this.#pending = undefined;
  }

  #onTimeout(timeout: number): void {
    void this.kill(
      diagnostics.timedOut(`ONNX Runtime took longer than ${timeout} ms`, undefined, 'Allow more with --timeout'),
    );
  }

  /** Failing to send to a child that has just died is an error too; how it died is told by 'close', soon after. */
  #onError(cause: Error): void {
    if (this.#child.pid !== undefined) return;
    // There is no process whose 'close' would come.
    this.#end(diagnostics.runtimeCrashed('the process for ONNX Runtime could not be started', undefined, cause));
  }

  #deathOf(code: number | null, signal: string | null): unknown {
    if (this.#stderr.includes(memoryMessage)) {
      const mebibytes = Math.round(this.#limits.memory / 2 ** 20);
      return diagnostics.limitExceeded(
        `ONNX Runtime needed more than ${mebibytes} MiB`,
        undefined,
        'Allow more with --memory',
      );
    }
    const last = this.#stderr.trim().split('\n').at(-1);
    const how = signal ? `signal ${signal}` : `exit code ${code}`;
    return diagnostics.runtimeCrashed(`ONNX Runtime ended with ${how}${last ? `: ${last}` : ''}`);
  }

  /** Whether the child keeps this process from ending. */
  #hold(hold: boolean): void {
    const stderr = this.#child.stderr as unknown as { ref(): void; unref(): void } | null;
    for (const handle of [this.#child, this.#child.channel, stderr]) {
      if (hold) handle?.ref();
      else handle?.unref();
    }
  }
}
