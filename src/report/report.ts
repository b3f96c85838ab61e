import { z } from 'zod';

export const sideSchema = z.strictObject({
  file: z.string().nullable(),
  bytes: z.number().int(),
  sha256: z.string(),
  irVersion: z.number().int(),
  opsets: z.record(z.string(), z.number().int()),
  nodes: z.number().int(),
  params: z.number().int(),
  macs: z.number().int().nullable(),
  activationBytes: z
    .number()
    .int()
    .nullable()
    .describe('what the live activations of one sample take at most, node by node; null where shapes are not known'),
});

const cost = z.strictObject({ params: z.number().int(), macs: z.number().int().nullable() });
const interval = z.tuple([z.number(), z.number()]).describe('95 % interval');

const reportNode = z.strictObject({
  name: z.string(),
  opType: z.string(),
  shape: z.array(z.number().int()),
  method: z.string().nullable(),
  ranks: z.record(z.string(), z.number().int()).nullable(),
  rankSource: z.string().nullable(),
  before: cost.nullable(),
  after: cost.nullable(),
  weightError: z.number().nullable(),
  outputError: z
    .strictObject({
      predicted: z.number().describe('over the rows that the node was fitted to'),
      measured: z.number().nullable().describe('over rows that the fit has not seen'),
    })
    .nullable()
    .describe('E‖ŷ−y‖²/Σvar(y) of the rewritten node, on calibration data'),
  /** Of the rewrite against the contraction of its factors. */
  exactError: z.number().nullable(),
  skipped: z.strictObject({ code: z.string(), text: z.string() }).nullable(),
});

const reportGroup = z.strictObject({
  name: z.string().describe('the first node that makes these channels'),
  makers: z.array(z.string()).describe('all nodes that do'),
  readers: z.array(z.string()),
  channels: z
    .strictObject({ before: z.number().int(), after: z.number().int() })
    .describe('what goes together counts as one'),
  loss: z
    .number()
    .nullable()
    .describe('Σ E‖ŷ−y‖²/Σvar(y) over the readers, fitted anew, as planned; 0 at no loss, null where not planned for'),
  saved: z
    .strictObject({ params: z.number().int(), macs: z.number().int().nullable() })
    .describe(
      'weights and biases of the nodes that make or read them; what a node saves by both sides goes half to each',
    ),
});

const latency = z.strictObject({
  p50: z.number().describe('milliseconds'),
  p90: z.number(),
});

export const toolSchema = z.strictObject({ name: z.string(), version: z.string() });

export const calibrationSchema = z
  .strictObject({
    kind: z.enum(['data', 'synthetic', 'statistics', 'factors']),
    samples: z.number().int(),
    preprocess: z.string(),
    effort: z.string(),
    symmetric: z.boolean().describe('fits saw the inputs of the original, not those of the rewritten model'),
  })
  .nullable()
  .describe('what fits rest on; null for the weights alone');

/** The report, as JSON. Timings stand only under `run` and `benchmark`; the rest is deterministic. */
export const reportSchema = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1),
  tool: toolSchema,
  run: z.strictObject({
    argv: z.array(z.string()).nullable(),
    pipeline: z.string(),
    seed: z.number().int(),
    threads: z.number().int(),
    runtime: z
      .string()
      .describe('ONNX Runtime version and instruction set: bytes are promised equal for the same ones'),
    seconds: z.record(z.string(), z.number()).describe('wall time per stage'),
    cached: z.boolean().describe('whether an earlier run with the same question made, checked and timed the model'),
  }),
  input: sideSchema,
  output: sideSchema,
  targets: z.array(z.strictObject({ kind: z.string(), wanted: z.string(), reached: z.string(), met: z.boolean() })),
  calibration: calibrationSchema,
  nodes: z.array(reportNode),
  groups: z
    .strictObject({
      total: z.number().int().describe('groups of channels that can only go together'),
      pruned: z.array(reportGroup).describe('those that lost filters'),
      frozen: z
        .array(
          z.strictObject({
            name: z.string(),
            code: z.string(),
            text: z.string(),
            node: z.string().nullable().describe('where they are needed as they are; null for graph outputs'),
          }),
        )
        .describe('those that could not'),
    })
    .nullable()
    .describe('null where no pass of the pipeline prunes'),
  verification: z.strictObject({
    exact: z
      .strictObject({ maxRelativeError: z.number(), tolerance: z.number(), ok: z.boolean() })
      .nullable()
      .describe('the written model against the contraction of its factors'),
    approximate: z
      .strictObject({
        maxRelativeError: z.number(),
        outputError: z.number().describe('E‖ŷ−y‖²/Σvar(y) over the outputs'),
        outputErrorCi95: interval.nullable().describe('bootstrap over the samples'),
        top1Agreement: z.number().nullable().describe('share of samples with the same answer, 0 … 1'),
        agreementCi95: interval.nullable().describe('Wilson score interval'),
        klDivergence: z.number().nullable().describe('mean of KL(original ‖ written) over the samples, in nats'),
        klCi95: interval.nullable().describe('bootstrap'),
        samples: z.number().int(),
        inputs: z
          .enum(['random', 'data', 'held-back', 'calibration'])
          .describe('held-back: calibration data that no fit has seen; calibration: those of the fits'),
      })
      .nullable()
      .describe('the written model against the original'),
    metric: z
      .strictObject({
        kind: z.literal('top-1'),
        output: z.string().describe('the output that was taken for the class scores'),
        samples: z.number().int(),
        before: z.number().describe('share of right answers, 0 … 1'),
        beforeCi95: interval.describe('Wilson score interval'),
        after: z.number().describe('share of right answers, 0 … 1'),
        afterCi95: interval.describe('Wilson score interval'),
        difference: z.number().describe('percentage points, after − before'),
        ci95: interval.describe('of the difference, in percentage points, paired bootstrap'),
        certainty: z
          .strictObject({ before: z.number(), after: z.number() })
          .nullable()
          .describe('mean probability of the right class, 0 … 1'),
      })
      .nullable(),
    unverified: z.string().nullable().describe('why ONNX Runtime could not judge the whole model'),
  }),
  benchmark: z
    .strictObject({
      protocol: z.string(),
      before: latency,
      after: latency,
      ratio: z.number().describe('before/after, median of pairs'),
      ci95: interval,
      machine: z.string().describe('processor, instruction set, ONNX Runtime, and the device where it is not the CPU'),
    })
    .nullable(),
  warnings: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  reproduce: z.strictObject({ command: z.string(), plan: z.unknown() }),
});

export type Report = z.infer<typeof reportSchema>;
export type ReportNode = z.infer<typeof reportNode>;
export type ReportGroup = z.infer<typeof reportGroup>;
