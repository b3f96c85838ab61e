import { type HardModel, modelOf, op, port, through, weight } from './build.ts';

const image = [1, 8, 9, 9];
const kernel = [8, 8, 3, 3];

/** One Conv with this name, and its values named after it. */
function named(name: string) {
  const [x, w, y] = [`${name} in`, `${name} weight`, `${name} out`];
  return modelOf({
    node: [op('Conv', [x, w], [y], {}, { name })],
    initializer: [weight(w, kernel)],
    input: [port(x, image)],
    output: [port(y)],
  });
}

/** One Conv whose node, input and output bear the same name. */
function valuesNamed(name: string) {
  return modelOf({
    node: [op('Conv', [name, 'w'], [`${name}_`], {}, { name })],
    initializer: [weight('w', kernel)],
    input: [port(name, image)],
    output: [port(`${name}_`)],
  });
}

const strange = [
  'a/b:c%d<e>',
  'größe→ 卷积 🙂',
  'line\nbreak\ttab',
  '"quoted\' \\back',
  ' spaces ',
  '../../etc/passwd',
  '0',
  '-',
  '*',
  'x'.repeat(20_000),
];
const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'];

/** Names of nodes and values. */
export const names: readonly HardModel[] = [
  ...strange.map((name) => ({
    name: `the name ${JSON.stringify(name.slice(0, 40))}`,
    model: named(name),
    nodes: { [name]: 'rewritten' as const },
  })),
  ...inherited.map(
    (name): HardModel => ({
      name: `the name ${name}, which every object has`,
      model: valuesNamed(name),
      nodes: Object.fromEntries([[name, 'rewritten']]),
    }),
  ),
  {
    name: 'two nodes of one name',
    model: through(
      [op('Conv', 'x w', 'h', {}, { name: 'conv' }), op('Conv', 'h u', 'y', {}, { name: 'conv' })],
      [weight('w', kernel), weight('u', kernel)],
      image,
    ),
    nodes: { h: 'rewritten', y: 'rewritten' },
    rejected: /same node name/,
  },
  {
    name: "a node named like another's output",
    model: through(
      [op('Conv', 'x w', 'h'), op('Conv', 'h u', 'y', {}, { name: 'h' })],
      [weight('w', kernel), weight('u', [8, 8, 1, 1])],
      image,
    ),
    nodes: { h: 'rewritten', 'h#2': 'rewritten' },
  },
  {
    name: 'the names that a rewrite would give',
    model: through(
      [
        op('Conv', 'x w', 'conv/tucker-2/C', {}, { name: 'conv' }),
        op('Conv', 'conv/tucker-2/C u', 'conv/tucker-2/V', {}, { name: 'conv/tucker-2/C' }),
        op('Relu', 'conv/tucker-2/V', 'y', {}, { name: 'conv/tucker-2/U' }),
      ],
      [weight('w', kernel), weight('u', kernel), weight('conv/tucker-2/U/weight', [1])],
      image,
    ),
    nodes: { conv: 'rewritten', 'conv/tucker-2/C': 'rewritten' },
  },
  {
    name: 'an input and an unread initializer with the names that a rewrite would give',
    model: modelOf({
      node: [op('Conv', 'conv/tucker-2/V w', 'y', {}, { name: 'conv' })],
      initializer: [weight('w', kernel), weight('conv/tucker-2/C/weight', [2])],
      input: [port('conv/tucker-2/V', image)],
      output: [port('y')],
    }),
    nodes: { conv: 'rewritten' },
  },
  {
    name: 'a node and its output of one name',
    model: through([op('Conv', 'x w', 'h', {}, { name: 'h' }), op('Relu', 'h', 'y')], [weight('w', kernel)], image),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'nodes without names',
    model: through(
      [op('Conv', 'x w', 'h'), op('Relu', 'h', 'r'), op('Conv', 'r u', 'y')],
      [weight('w', kernel), weight('u', kernel)],
      image,
    ),
    nodes: { h: 'rewritten', y: 'rewritten' },
  },
];
