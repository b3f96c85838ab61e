import type { Report, ReportNode } from '../../src/report/index.ts';

const side = {
  file: 'resnet18.onnx',
  bytes: 46_871_347,
  sha256: 'a'.repeat(64),
  irVersion: 10,
  opsets: { '': 18 },
  nodes: 62,
  params: 11_689_512,
  macs: 1_814_073_344,
  activationBytes: 8_028_160,
};

const rewritten: ReportNode = {
  name: 'layer1.0.conv1',
  opType: 'Conv',
  shape: [64, 64, 3, 3],
  method: 'tucker-2',
  ranks: { R3: 32, R4: 32 },
  rankSource: 'vbmf-ranks',
  before: { params: 36_864, macs: 115_605_504 },
  after: { params: 13_312, macs: 41_746_432 },
  outputError: null,
  weightError: 0.0412,
  exactError: 2.9e-6,
  skipped: null,
};

const kept: ReportNode = {
  ...rewritten,
  name: 'conv1',
  shape: [64, 3, 7, 7],
  method: null,
  ranks: null,
  rankSource: null,
  before: { params: 9_408, macs: 118_013_952 },
  after: null,
  weightError: null,
  exactError: null,
  skipped: { code: 'no-gain', text: '3 input channels: no gain' },
};

/** Invented figures: what is tested is how they are told. */
export const exampleReport: Report = {
  version: 1,
  tool: { name: 'onnx-tucker', version: '0.1.0' },
  run: {
    argv: ['resnet18.onnx', 'small.onnx'],
    pipeline: 'fuse-batch-norm,vbmf-ranks,tucker-2',
    seed: 0,
    threads: 1,
    runtime: 'onnxruntime 1.30.0 avx512',
    seconds: { read: 0.2, plan: 1.1 },
    cached: false,
  },
  input: side,
  output: {
    ...side,
    file: 'small.onnx',
    bytes: 20_237_517,
    sha256: 'b'.repeat(64),
    params: 5_016_900,
    macs: 907_036_672,
    activationBytes: 6_422_528,
  },
  calibration: null,
  targets: [{ kind: 'macs', wanted: '0.5x', reached: '0.50x', met: true }],
  nodes: [rewritten, kept],
  groups: null,
  verification: {
    exact: { maxRelativeError: 3.1e-6, tolerance: 1e-4, ok: true },
    approximate: {
      maxRelativeError: 0.31,
      outputError: 0.021,
      outputErrorCi95: null,
      top1Agreement: 0.976,
      agreementCi95: [0.9, 1],
      klCi95: [0, 0.01],
      klDivergence: 0.0143,
      samples: 423,
      inputs: 'data',
    },
    metric: {
      kind: 'top-1',
      output: 'logits',
      samples: 423,
      before: 0.698,
      beforeCi95: [0.653, 0.74],
      after: 0.691,
      afterCi95: [0.645, 0.733],
      difference: -0.7,
      ci95: [-1.6, 0.2],
      certainty: { before: 0.66, after: 0.65 },
    },
    unverified: null,
  },
  benchmark: {
    protocol: '31 pairs, 1 thread',
    before: { p50: 31.24, p90: 33.1 },
    after: { p50: 18.06, p90: 19.9 },
    ratio: 1.73,
    ci95: [1.68, 1.79],
    machine: 'AMD EPYC',
  },
  warnings: [
    { code: 'unnormalised-input', message: 'the model would be fed values from 0 to 255, as if not normalised' },
  ],
  reproduce: {
    command: "onnx-tucker resnet18.onnx small.onnx --pipeline 'fuse-batch-norm,vbmf-ranks,tucker-2'",
    plan: null,
  },
};

/** The same run with filters removed before. */
export const prunedReport: Report = {
  ...exampleReport,
  groups: {
    total: 14,
    pruned: [
      {
        name: 'conv1',
        makers: ['conv1', 'layer1.0.conv2', 'layer1.1.conv2'],
        readers: ['layer1.0.conv1', 'layer1.1.conv1', 'layer2.0.conv1', 'layer2.0.downsample'],
        channels: { before: 64, after: 48 },
        loss: 0.0312,
        saved: { params: 55_296, macs: 173_408_256 },
      },
      {
        name: 'layer1.0.conv1',
        makers: ['layer1.0.conv1'],
        readers: ['layer1.0.conv2'],
        channels: { before: 64, after: 63 },
        loss: 0,
        saved: { params: 1_152, macs: null },
      },
    ],
    frozen: [
      { name: 'fc', code: 'graph-output', text: 'logits is a graph output', node: null },
      {
        name: 'layer4.1.conv1',
        code: 'mixes-channels',
        text: 'Softmax attention reads all of them',
        node: 'attention',
      },
    ],
  },
};
