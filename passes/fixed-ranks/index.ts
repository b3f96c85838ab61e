// R = what the user wrote, by node name
import { definePass, skip } from 'onnx-tucker/pass';
import { z } from 'zod';

const rankList = z.union([
  z
    .number()
    .int()
    .positive()
    .transform((rank) => [rank]),
  z.array(z.number().int().positive()),
]);

export default definePass({
  name: 'fixed-ranks',
  kind: 'rank',
  summary: 'ranks given by hand, {node=r1,r2}; nodes that are not listed stay whole',
  options: z.record(z.string(), rankList),
  async choose(spaces, { options }) {
    const [first] = spaces;
    if (!first) throw new Error('fixed-ranks was asked about no method');
    const given = options[first.name];
    if (!given) return skip(first.operator.node, 'excluded', 'fixed-ranks does not list it');
    const space = spaces.find(({ decomposition }) => decomposition.axes.length === given.length);
    if (!space)
      return skip(first.operator.node, 'not-legal', `no method of the pipeline has ${given.length} ranks here`);
    const ranks = Object.fromEntries(space.decomposition.axes.map(({ name }, axis) => [name, given[axis] as number]));
    return { kind: 'choice', space, ranks };
  },
});
