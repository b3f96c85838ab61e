import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DiagnosticError } from '../../src/diagnostics.ts';
import { type Compressed, compress, type EngineOptions } from '../../src/pipeline/index.ts';
import { openRuntime, type Runtime, type RuntimePort } from '../../src/runtime/index.ts';
import {
  concatenate,
  decodeModelProto,
  encodeModelProto,
  type GraphProto,
  type ModelProto,
} from '../../src/wire/index.ts';
import type { HardModel } from './build.ts';
import { convolutions } from './convolutions.ts';
import { matrices } from './matrices.ts';
import { names } from './names.ts';
import { structures } from './structure.ts';
import { weights } from './weights.ts';

const everyPass =
  'fuse-batch-norm,resolve-pads,ratio-ranks{params=0.5,ends=fit},tucker-2,svd,cp-split{sweeps=20},eliminate-dead-nodes,share-initializers';
const cleanUp = 'fuse-batch-norm,resolve-pads,eliminate-dead-nodes,share-initializers';
const forced: EngineOptions = { pipeline: everyPass, requireGain: 'none', bench: false };

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({});
});
afterAll(() => runtime.close());

/** What ONNX Runtime sees of a model; the first line of its refusal where it does not load it. */
async function loaded(bytes: Uint8Array): Promise<{ readonly ports: readonly (readonly RuntimePort[])[] } | string> {
  try {
    const session = await runtime.load(bytes);
    const ports = [session.inputs, session.outputs];
    await session.release();
    return { ports };
  } catch (cause) {
    if (!(cause instanceof DiagnosticError)) throw cause;
    return cause.diagnostic.message;
  }
}

const codesOf = ({ report }: Compressed) =>
  report.nodes.map(({ name, skipped }) => [name, skipped?.code ?? 'rewritten']).sort();

/** Everything of a model but its graph and the IR version, which a rewrite may raise from 3 to 4. */
const aroundGraph = ({ graph: _graph, irVersion: _irVersion, ...rest }: ModelProto) => rest;

/** Inputs that callers feed or may feed, and outputs, as they are declared. */
function interfaceOf({ irVersion = 0n, graph = {} }: ModelProto) {
  const constants = new Set(irVersion < 4n ? graph.initializer?.map(({ name }) => name) : []);
  return {
    inputs: graph.input?.filter(({ name }) => !constants.has(name)),
    outputs: graph.output,
    docString: graph.docString,
    metadataProps: graph.metadataProps,
  };
}

/** Names that the graph describes or annotates, without defining them. */
function dangling({
  node = [],
  input = [],
  initializer = [],
  sparseInitializer = [],
  valueInfo = [],
  quantizationAnnotation = [],
}: GraphProto) {
  const defined = new Set([
    ...node.flatMap(({ output = [] }) => output),
    ...[...input, ...initializer].map(({ name }) => name),
    ...sparseInitializer.map(({ values }) => values?.name),
  ]);
  return [...valueInfo.map(({ name }) => name), ...quantizationAnnotation.map(({ tensorName }) => tensorName)].filter(
    (name) => !defined.has(name),
  );
}

async function expectSound(hard: HardModel, before: Uint8Array, done: Compressed): Promise<void> {
  const after = done.bytes();
  const [original, written] = [decodeModelProto(before).message, decodeModelProto(after).message];
  expect(interfaceOf(written)).toEqual(interfaceOf(original));
  expect(aroundGraph(written)).toEqual(aroundGraph(original));
  expect(dangling(written.graph ?? {})).toEqual(dangling(original.graph ?? {}));
  const [seenBefore, seenAfter] = [await loaded(before), await loaded(after)];
  if (hard.rejected) {
    expect(seenBefore).toMatch(hard.rejected);
  } else {
    expect(seenBefore).toHaveProperty('ports');
    expect(seenAfter).toHaveProperty('ports');
    const rewritten = done.report.nodes.some(({ skipped }) => skipped === null);
    if (rewritten && !hard.unverified) expect(done.report.verification.exact).toMatchObject({ ok: true });
    if (rewritten && hard.unverified) expect(done.report.verification.unverified).toMatch(hard.unverified);
  }
}

describe.each<[string, readonly HardModel[]]>([
  ['convolutions', convolutions],
  ['matrix products', matrices],
  ['weights', weights],
  ['structure', structures],
  ['names', names],
])('hard models: %s', (_kind, models) => {
  test.each(models.map((hard) => [hard.name, hard] as const))('%s', async (_name, hard) => {
    const bytes = concatenate(encodeModelProto(hard.model));
    const done = await compress(bytes, forced);
    expect(codesOf(done)).toEqual(Object.entries(hard.nodes).sort());
    await expectSound(hard, bytes, done);
  });

  test.each(models.map((hard) => [hard.name, hard] as const))(
    '%s, as the default preset leaves it',
    async (_name, hard) => {
      const bytes = concatenate(encodeModelProto(hard.model));
      const done = await compress(bytes, { bench: false });
      await expectSound(hard, bytes, done);
    },
  );

  test.each(models.map((hard) => [hard.name, hard] as const))(
    '%s, only cleaned up, computes the same',
    async (_name, hard) => {
      const bytes = concatenate(encodeModelProto(hard.model));
      const done = await compress(bytes, { pipeline: cleanUp, bench: false });
      await expectSound(hard, bytes, done);
      const isChanged = Buffer.compare(bytes, done.bytes()) !== 0;
      if (!isChanged || hard.rejected || hard.unverified) return;
      // The tolerance of `verify`: nothing is approximated, batch-norms are folded and rounded anew.
      expect(done.report.verification.approximate?.maxRelativeError).toBeLessThan(1e-4);
    },
  );
});
