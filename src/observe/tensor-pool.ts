import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeData, RuntimeTensor } from '../runtime/index.ts';

/** A tensor that waits for its readers: in memory, or in a file. */
export interface PooledTensor {
  readonly dtype: RuntimeTensor['dtype'];
  readonly dims: readonly number[];
  read(): Promise<RuntimeTensor>;
  /** Each holder lets go once. */
  release(): Promise<void>;
  /** One holder more. */
  share(): PooledTensor;
}

export interface TensorPoolOptions {
  /** Bytes of tensors in memory; what comes beyond waits in a temporary folder. */
  readonly memory: number;
  /** Where that folder is made; the system's temporary folder by default. */
  readonly folder?: string;
}

/** Activations that are still needed. The folder is made when the first tensor spills and is gone on any exit. */
export class TensorPool {
  readonly #options: TensorPoolOptions;
  readonly #onExit = () => {
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
  };
  #folder: string | undefined;
  #files = 0;
  #held = 0;
  #peak = 0;
  #spilled = 0;

  constructor(options: TensorPoolOptions) {
    this.#options = options;
  }

  /** Bytes that went to files so far, and the most that were in memory at once. */
  get usage(): { readonly spilled: number; readonly peak: number } {
    return { spilled: this.#spilled, peak: this.#peak };
  }

  async put(tensor: RuntimeTensor): Promise<PooledTensor> {
    const { data } = tensor;
    const size = ArrayBuffer.isView(data) ? data.byteLength : 0;
    if (ArrayBuffer.isView(data) && this.#held + size > this.#options.memory) return this.#spill(tensor, data);
    this.#held += size;
    this.#peak = Math.max(this.#peak, this.#held);
    return counted(tensor, {
      read: async () => tensor,
      drop: async () => {
        this.#held -= size;
      },
    });
  }

  async close(): Promise<void> {
    process.off('exit', this.#onExit);
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  async #spill({ dtype, dims }: RuntimeTensor, data: Exclude<RuntimeData, readonly string[]>): Promise<PooledTensor> {
    this.#folder ??= await this.#makeFolder();
    const path = join(this.#folder, `${this.#files++}`);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 });
    this.#spilled += bytes.byteLength;
    const view = data.constructor as new (buffer: ArrayBuffer) => RuntimeData;
    return counted(
      { dtype, dims },
      {
        read: async () => ({ dtype, dims, data: new view(new Uint8Array(await readFile(path)).buffer) }),
        drop: () => rm(path, { force: true }),
      },
    );
  }

  async #makeFolder(): Promise<string> {
    process.on('exit', this.#onExit);
    return mkdtemp(join(this.#options.folder ?? tmpdir(), 'onnx-tucker-'));
  }
}

interface Storage {
  read(): Promise<RuntimeTensor>;
  drop(): Promise<void>;
}

function counted({ dtype, dims }: Pick<RuntimeTensor, 'dtype' | 'dims'>, { read, drop }: Storage): PooledTensor {
  let holders = 1;
  const pooled: PooledTensor = {
    dtype,
    dims,
    read,
    share() {
      holders++;
      return pooled;
    },
    async release() {
      if (--holders === 0) await drop();
    },
  };
  return pooled;
}
