import { z } from 'zod';

const costSchema = z.strictObject({
  params: z.number().int().nonnegative(),
  macs: z.number().int().nonnegative().nullable().describe('per sample; null where shapes are not known'),
});

const candidateSchema = z.strictObject({
  method: z.string().nullable().describe('null: the node as it is'),
  ranks: z.record(z.string(), z.number().int().positive()).nullable(),
  cost: costSchema.extend({
    milliseconds: z.number().nonnegative().nullable().describe('predicted from measurements on this machine'),
  }),
  error: z.number().nonnegative().describe('expected E‖ŷ−y‖²/Σvar(y) of the node alone; without data ‖Ŵ−W‖²/‖W‖²'),
});

const nodeSchema = z.strictObject({
  name: z.string().describe("the node's name, or its first output's where that is not unique"),
  opType: z.string(),
  shape: z.array(z.number().int()).describe("the weight's dims as in the file"),
  method: z.string().nullable().describe('the factorize pass, null to keep the node; edit it, or the ranks, and apply'),
  ranks: z.record(z.string(), z.number().int().positive()).nullable(),
  rankSource: z.string().nullable().describe('the pass or option that chose the ranks'),
  cost: z
    .strictObject({
      before: costSchema,
      pruned: costSchema.optional().describe('as it is once filters are gone, where any go'),
      after: costSchema,
    })
    .nullable(),
  weightError: z.number().nullable().describe('‖Ŵ−W‖_F/‖W‖_F, where planning had to know it'),
  outputError: z
    .number()
    .nullable()
    .default(null)
    .describe("E‖ŷ−y‖²/Σvar(y) of the node alone, on the original's inputs, where planning had to know it"),
  skipped: z.strictObject({ code: z.string(), text: z.string() }).nullable(),
  sensitivity: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe(
      "how much of an error of the node arrives at the model's outputs, both relative; a goal counts errors by it",
    ),
  candidates: z
    .array(candidateSchema)
    .default([])
    .describe('what a goal chose here and the next best, best first; where ranks were not chosen under a goal, none'),
});

const prunedSchema = z.strictObject({
  pass: z.string().describe('the prune pass of the pipeline that chose'),
  group: z.string().describe('the first node that makes these channels; what goes there goes from all that share them'),
  kept: z
    .string()
    .describe(
      'channels that stay, counted from 0 in the order of that node’s filters, then of those that others add: 0-3,5,8-11; what goes together counts as one; edit it and apply',
    ),
  of: z.number().int().positive().describe('how many there were'),
  loss: z
    .number()
    .nonnegative()
    .nullable()
    .describe(
      'Σ E‖ŷ−y‖²/Σvar(y) over the nodes that read them, once these are fitted anew, where planning had to know it',
    ),
});

const effort = z.enum(['fast', 'normal', 'max']);

/** What fits rest on. The same plan and evidence give the same bytes. */
const evidenceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('weights') }),
  z.strictObject({
    kind: z.enum(['data', 'synthetic']),
    sha256: z.string().describe('of the files that the samples come from, or of what the synthetic images are made by'),
    samples: z.number().int().positive(),
    preprocess: z.string(),
    effort,
    mode: z.enum(['bias', 'channels', 'symmetric', 'asymmetric']),
    mirrored: z.boolean().default(false).describe('whether each image was also shown with left and right exchanged'),
  }),
  z.strictObject({
    kind: z.enum(['statistics', 'factors']),
    sha256: z.string().describe('of the file'),
    samples: z.number().int().positive(),
    preprocess: z.string(),
    effort,
  }),
]);

/** plan.json: what is to happen to each Conv, ConvTranspose, Gemm and MatMul, and on what evidence. */
export const planSchema = z.strictObject({
  $schema: z.string().optional(),
  version: z.literal(1),
  tool: z.string().describe('name and version that wrote the plan'),
  model: z.strictObject({ sha256: z.string(), bytes: z.number().int().nonnegative() }),
  pipeline: z.string().describe('textual pipeline; its canonicalize and cleanup passes run again on apply'),
  seed: z.number().int(),
  freezeInputs: z.boolean().describe('whether weights that are graph inputs count as constants'),
  requireGain: z.enum(['params-or-macs', 'params', 'macs', 'none']),
  evidence: evidenceSchema,
  goal: z
    .array(z.string())
    .default([])
    .describe('what the plan was made to reach: macs=0.5x, max-drop=1 …; applying a plan reads the nodes only'),
  pruned: z
    .array(prunedSchema)
    .default([])
    .describe('groups of channels that lose filters before anything is factorized; what goes at no loss is not listed'),
  nodes: z.array(nodeSchema),
});

export type Plan = z.infer<typeof planSchema>;
export type Evidence = z.infer<typeof evidenceSchema>;
export type PlanNode = z.infer<typeof nodeSchema>;
export type PrunedGroup = z.infer<typeof prunedSchema>;

/** What a plan does to the model. */
export type Rewrites = Pick<Plan, 'pruned' | 'nodes'>;
