import { Readable, Writable } from 'node:stream';
import type { Engine, EngineOptions, ModelInput } from '../../src/cli/engine.ts';
import { type CliProcess, runCli } from '../../src/cli/run-cli.ts';
import type { Frontier } from '../../src/pipeline/index.ts';
import type { Report } from '../../src/report/index.ts';
import type { Plan } from '../../src/rewrite/index.ts';
import { exampleFrontier } from '../report/example-frontier.ts';

export interface Call {
  readonly method: string;
  readonly inputs: readonly unknown[];
  readonly options: EngineOptions;
}

export interface FakeEngine extends Engine {
  readonly calls: Call[];
  readonly written: { readonly path: string; readonly overwrite: boolean | undefined }[];
}

export const outputBytes = Uint8Array.of(8, 9, 10, 255, 0);

const side = {
  file: 'model.onnx',
  bytes: 44_700,
  sha256: 'ab'.repeat(32),
  irVersion: 10,
  opsets: { '': 18 },
  nodes: 62,
  params: 11_690_000,
  macs: 1_820_000_000,
  activationBytes: 8_028_160,
};

export const report: Report = {
  version: 1,
  tool: { name: 'onnx-tucker', version: '9.8.7' },
  run: { argv: null, pipeline: 'svd', seed: 0, threads: 1, runtime: 'none', seconds: { read: 0.1 }, cached: false },
  calibration: null,
  input: side,
  output: { ...side, file: null, params: 5_000_000 },
  targets: [],
  nodes: [],
  groups: null,
  verification: {
    exact: { maxRelativeError: 3e-6, tolerance: 1e-4, ok: true },
    approximate: {
      maxRelativeError: 0.02,
      outputError: 0.001,
      outputErrorCi95: null,
      top1Agreement: 0.976,
      agreementCi95: [0.9, 1],
      klCi95: [0, 0.01],
      klDivergence: 0.01,
      samples: 16,
      inputs: 'random',
    },
    metric: null,
    unverified: null,
  },
  benchmark: null,
  warnings: [],
  reproduce: { command: 'onnx-tucker model.onnx', plan: null },
};

export const plan: Plan = {
  version: 1,
  tool: 'onnx-tucker 9.8.7',
  model: { sha256: side.sha256, bytes: side.bytes },
  pipeline: 'vbmf-ranks,tucker-2',
  seed: 0,
  requireGain: 'params-or-macs',
  freezeInputs: false,
  evidence: { kind: 'weights' },
  goal: [],
  pruned: [],
  nodes: [
    {
      name: 'layer1.0.conv1',
      opType: 'Conv',
      shape: [64, 64, 3, 3],
      method: 'tucker-2',
      ranks: { R3: 32, R4: 32 },
      rankSource: 'vbmf-ranks',
      cost: { before: { params: 36_864, macs: 115_605_504 }, after: { params: 13_312, macs: 41_746_432 } },
      outputError: null,
      weightError: 0.0412,
      skipped: null,
      sensitivity: null,
      candidates: [],
    },
    {
      name: 'conv1',
      opType: 'Conv',
      shape: [64, 3, 7, 7],
      method: null,
      ranks: null,
      rankSource: null,
      cost: { before: { params: 9408, macs: null }, after: { params: 9408, macs: null } },
      outputError: null,
      weightError: null,
      skipped: { code: 'no-gain', text: '3 input channels' },
      sensitivity: null,
      candidates: [],
    },
  ],
};

export const frontier: Frontier = {
  ...exampleFrontier,
  points: exampleFrontier.points.map((point) => ({ ...point, plan })),
};

/** Remembers what it was asked and answers with fixed results; `overrides` replace single methods. */
export function fakeEngine(overrides: Partial<Engine> = {}): FakeEngine {
  const calls: Call[] = [];
  const written: FakeEngine['written'] = [];
  const note = (method: string, inputs: readonly unknown[], options: EngineOptions = {}) => {
    calls.push({ method, inputs, options });
  };
  const compressed = {
    report,
    plan,
    bytes: () => outputBytes,
    writeTo: async (path: string, options: { readonly overwrite?: boolean } = {}) => {
      written.push({ path, overwrite: options.overwrite });
    },
  };
  const node = { name: 'conv1', opType: 'Conv', shape: [64, 3, 7, 7], dtype: 'float32', params: 9408, macs: null };
  const frozenGroup = {
    name: 'conv1',
    channels: 64,
    makers: ['conv1', 'conv3'],
    readers: ['conv2'],
    frozen: { code: 'mixes-channels', text: 'Softmax attention reads all of them', node: 'attention' },
  } as const;
  const skipped = { code: 'no-gain', text: '3 input channels' } as const;
  return {
    calls,
    written,
    version: '9.8.7',
    passes: async () => [{ name: 'tucker-2', kind: 'factorize', summary: 'splits a k×k Conv into three' }],
    compress: async (input, options) => {
      note('compress', [input], options);
      return compressed;
    },
    plan: async (input, options) => {
      note('plan', [input], options);
      return plan;
    },
    apply: async (input, given, options) => {
      note('apply', [input, given], options);
      return compressed;
    },
    observe: async (input, options, given) => {
      note('observe', given ? [input, given] : [input], options);
      return {
        nodes: ['conv1'],
        writeTo: async (path: string, { overwrite }: { readonly overwrite?: boolean } = {}) => {
          written.push({ path, overwrite });
        },
      };
    },
    sweep: async (input, options) => {
      note('sweep', [input], options);
      return frontier;
    },
    verify: async (a: ModelInput, b: ModelInput, options) => {
      note('verify', [a, b], options);
      const tolerance = options?.tolerance ?? 0;
      return { ok: tolerance >= 0.02, tolerance, verification: report.verification };
    },
    bench: async (a: ModelInput, b: ModelInput, options) => {
      note('bench', [a, b], options);
      const before = { p50: 12.3456, p90: 13 };
      return {
        protocol: '30 pairs',
        before,
        after: { p50: 6.1, p90: 7 },
        ratio: 2.02,
        ci95: [1.9, 2.1],
        machine: 'this CPU',
      };
    },
    inspect: async (input, options) => {
      note('inspect', [input], options);
      return { model: side, nodes: [{ ...node, skipped }], ...(options?.groups && { groups: [frozenGroup] }) };
    },
    explain: async (input, name, options) => {
      note('explain', [input, name], options);
      return {
        node: { ...node, skipped: null },
        operator: '7×7 stride 2, 3 → 64 channels',
        methods: [
          {
            pass: 'tucker-2',
            equation: 'W = U C V',
            ranks: { R3: 3, R4: 32 },
            cost: { params: 5000, macs: null },
            outputError: null,
            weightError: 0.3,
            decision: 'its error is above 0.01',
          },
        ],
        groups: [{ ...frozenGroup, roles: ['makes'], pruned: null }],
        decision: 'kept',
        advice: ['--ranks conv1=3,32'],
      };
    },
    explainPlan: async (input, name, given, options) => {
      note('explainPlan', [input, name, given], options);
      const way = { method: 'tucker-2', ranks: { R3: 3, R4: 32 } };
      return {
        goal: ['macs=0.5x'],
        errorOf: 'outputs',
        node: { name, opType: 'Conv', shape: [64, 3, 7, 7] },
        importance: 1.84,
        chosen: { ...way, cost: { params: 5000, macs: 62_720_000, milliseconds: 0.4567 }, error: 0.0312 },
        others: [
          {
            method: null,
            ranks: null,
            cost: { params: 9408, macs: 118_013_952, milliseconds: 0.6 },
            error: 0,
            whyNot: '0.031 less error for 55.3M more MACs',
          },
        ],
        groups: [
          {
            ...frozenGroup,
            frozen: null,
            roles: ['makes', 'reads'],
            pruned: { pass: 'prune-filters', group: 'conv1', kept: '0-47', of: 64, loss: 0.0312 },
          },
        ],
        decision: 'rewritten by tucker-2 with R3=3, R4=32, chosen by goal',
        advice: ["--exclude 'conv1' keeps it"],
      };
    },
    ...overrides,
  };
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stdoutBytes: Uint8Array;
  readonly stderr: string;
}

export interface CallSettings extends Partial<Pick<CliProcess, 'cwd' | 'environment' | 'signal'>> {
  readonly stdin?: Uint8Array;
  readonly terminal?: boolean;
}

/** Runs the command in this process, with everything that it would have of one. */
export async function call(argv: readonly string[], engine: Engine, settings: CallSettings = {}): Promise<Outcome> {
  const [stdout, stderr] = [new Sink(settings.terminal), new Sink(settings.terminal)];
  const code = await runCli(
    {
      argv,
      cwd: settings.cwd ?? '/',
      environment: settings.environment ?? {},
      stdin: Readable.from(settings.stdin ? [settings.stdin] : []),
      stdout,
      stderr,
      signal: settings.signal ?? new AbortController().signal,
    },
    engine,
  );
  return { code, stdout: stdout.text(), stdoutBytes: stdout.bytes(), stderr: stderr.text() };
}

class Sink extends Writable {
  readonly isTTY: boolean;
  readonly #chunks: Uint8Array[] = [];

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(Uint8Array.from(chunk));
    done();
  }

  bytes(): Uint8Array {
    return Uint8Array.from(Buffer.concat(this.#chunks));
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
