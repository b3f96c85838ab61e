import { z } from 'zod';
import { calibrationSchema, reportSchema, sideSchema, toolSchema } from './report.ts';

const { verification, benchmark } = reportSchema.shape;

const share = z.number().nullable().describe('after ÷ before; null where it is not known');

/** One model of a sweep. */
export const frontierPointSchema = z.strictObject({
  wanted: z.string().describe('what the model was to cost: 0.5x is after ÷ before, anything else an amount'),
  met: z.boolean(),
  why: z.string().nullable().describe('why the target was not met'),
  reached: z.strictObject({
    params: z.number().int(),
    macs: z.number().int().nullable(),
    bytes: z.number().int(),
    sha256: z.string().describe('of the model file'),
    ratio: z.strictObject({ params: share, macs: share, size: share }),
  }),
  exact: verification.shape.exact,
  agreement: verification.shape.approximate,
  accuracy: verification.shape.metric,
  unverified: verification.shape.unverified,
  latency: benchmark.describe('null where it was not measured, or the model is the original'),
  frontier: z.boolean().describe('whether no other point costs less and keeps as much, or keeps more at the same cost'),
});

/** Models of falling cost, made of one. Timings stand only under `run` and `latency`; the rest is deterministic. */
export const frontierFiguresSchema = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1),
  tool: toolSchema,
  run: z.strictObject({
    argv: z.array(z.string()).nullable(),
    threads: z.number().int(),
    runtime: z.string().describe('ONNX Runtime version and instruction set'),
    seconds: z.record(z.string(), z.number()).describe('wall time per stage'),
    cached: z.number().int().describe('points that an earlier run had made'),
  }),
  model: sideSchema,
  over: z.enum(['params', 'macs', 'size', 'latency']).describe('the cost that falls from point to point'),
  pipeline: z.string(),
  seed: z.number().int(),
  calibration: calibrationSchema,
  shard: z
    .strictObject({ index: z.number().int().positive(), of: z.number().int().positive() })
    .nullable()
    .describe('which share of the points this is, from 1; null for all'),
  points: z.array(frontierPointSchema),
});

export type FrontierFigures = z.infer<typeof frontierFiguresSchema>;
export type FrontierPointFigures = z.infer<typeof frontierPointSchema>;
