import { z } from 'zod';
import { frontierFiguresSchema, frontierPointSchema } from '../report/index.ts';
import { planSchema } from '../rewrite/index.ts';

/** frontier.json: the models of a sweep, each with the plan that makes it. */
export const frontierSchema = frontierFiguresSchema.extend({
  points: z.array(
    frontierPointSchema.extend({ plan: planSchema.describe('for `apply`: the model of this point, byte for byte') }),
  ),
});

export type Frontier = z.infer<typeof frontierSchema>;
export type FrontierPoint = Frontier['points'][number];
