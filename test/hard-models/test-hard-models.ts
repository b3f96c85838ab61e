import { afterAll, beforeAll, expect, test } from '@jest/globals';
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

const everyPass =
  'fuse-batch-norm,resolve-pads,ratio-ranks{params=0.5,ends=fit},tucker-2,svd,cp-split{sweeps=20},eliminate-dead-nodes,share-initializers';
const cleanUp = 'fuse-batch-norm,resolve-pads,eliminate-dead-nodes,share-initializers';
const forced: EngineOptions = { pipeline: everyPass, requireGain: 'none', bench: false };

/** What ONNX Runtime sees of a model; the first line of its refusal where it does not load it. */
async function loaded(
  runtime: Runtime,
  bytes: Uint8Array,
): Promise<{ readonly ports: readonly (readonly RuntimePort[])[] } | string> {
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

async function expectSound(runtime: Runtime, hard: HardModel, before: Uint8Array, done: Compressed): Promise<void> {
  const after = done.bytes();
  const [original, written] = [decodeModelProto(before).message, decodeModelProto(after).message];
  expect(interfaceOf(written)).toEqual(interfaceOf(original));
  expect(aroundGraph(written)).toEqual(aroundGraph(original));
  expect(dangling(written.graph ?? {})).toEqual(dangling(original.graph ?? {}));
  const [seenBefore, seenAfter] = [await loaded(runtime, before), await loaded(runtime, after)];
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

/**
 * Three tests for each model: rewritten as far as the passes go, each node as expected; as the default leaves it; and only
 * cleaned up, which must not change what it computes. Each time it must stay sound.
 */
export function testHardModels(models: readonly HardModel[]): void {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await openRuntime({});
  });
  afterAll(() => runtime.close());

  test.each(models.map((hard) => [hard.name, hard] as const))('%s', async (_name, hard) => {
    const bytes = concatenate(encodeModelProto(hard.model));
    const done = await compress(bytes, forced);
    expect(codesOf(done)).toEqual(Object.entries(hard.nodes).sort());
    await expectSound(runtime, hard, bytes, done);
  });

  test.each(models.map((hard) => [hard.name, hard] as const))(
    '%s, as the default preset leaves it',
    async (_name, hard) => {
      const bytes = concatenate(encodeModelProto(hard.model));
      const done = await compress(bytes, { bench: false });
      await expectSound(runtime, hard, bytes, done);
    },
  );

  test.each(models.map((hard) => [hard.name, hard] as const))(
    '%s, only cleaned up, computes the same',
    async (_name, hard) => {
      const bytes = concatenate(encodeModelProto(hard.model));
      const done = await compress(bytes, { pipeline: cleanUp, bench: false });
      await expectSound(runtime, hard, bytes, done);
      const isChanged = Buffer.compare(bytes, done.bytes()) !== 0;
      if (!isChanged || hard.rejected || hard.unverified) return;
      // The tolerance of `verify`: nothing is approximated, batch-norms are folded and rounded anew.
      expect(done.report.verification.approximate?.maxRelativeError).toBeLessThan(1e-4);
    },
  );
}
