import type { Value } from '../ir/index.ts';
import type { GradientCall, GradientRule } from './gradient-rule.ts';

/** The other operand of two. */
const other = ({ node, index }: GradientCall) => node.inputs[1 - index] ?? undefined;

/** Back through broadcasting. */
function toInput({ build, input, output, sizes }: GradientCall, gradient: Value): Value {
  return build.sumTo(gradient, sizes(output), sizes(input));
}

/** f′(x) times what comes. */
function scaled(derivative: (call: GradientCall) => Value | undefined): GradientRule {
  return (call) => {
    const factor = derivative(call);
    return factor && call.build.multiply(call.gradient, factor);
  };
}

const zero = ({ build, dtype }: GradientCall) => build.scalar(0, dtype);
const one = ({ build, dtype }: GradientCall) => build.scalar(1, dtype);
const isPositive = (call: GradientCall) => call.build.greater(call.input, zero(call), call.dtype);

/** 1 for positive inputs, `slope` for the others. */
const leaky = (slope: (call: GradientCall) => Value) =>
  scaled((call) => {
    const { build } = call;
    const positive = isPositive(call);
    const rest = build.node('Sub', [one(call), positive]);
    return build.add(positive, build.multiply(rest, slope(call)));
  });

const clip: GradientRule = (call) => {
  const { node, opset, input, build, dtype } = call;
  const bound = (position: number, name: string) =>
    opset < 11
      ? node.attributes.has(name) && build.scalar(node.float(name, 0), dtype)
      : (node.inputs[position] ?? undefined);
  const [least, most] = [bound(1, 'min'), bound(2, 'max')];
  let { gradient } = call;
  if (call.index > 0) return undefined;
  if (least) gradient = build.multiply(gradient, build.greater(input, least, dtype));
  if (most) gradient = build.multiply(gradient, build.greater(most, input, dtype));
  return gradient;
};

/** 1 where 0 < h < 1, for h = max(0, min(1, αx + β)). */
function isBetween(call: GradientCall, h: Value): Value {
  const { build, dtype } = call;
  return build.multiply(build.greater(h, zero(call), dtype), build.greater(one(call), h, dtype));
}

const same: GradientRule = ({ gradient, index }) => (index === 0 ? gradient : undefined);
const broadcast: GradientRule = (call) => toInput(call, call.gradient);

/** Operators that work on each element, with broadcasting where they take several. */
export const elementwise: Readonly<Record<string, GradientRule>> = {
  Identity: same,
  /** In training it is another function with each run. */
  Dropout: (call) => (call.node.inputs[2] ? undefined : same(call)),
  Add: broadcast,
  Sum: broadcast,
  Sub: (call) => toInput(call, call.index === 0 ? call.gradient : call.build.node('Neg', [call.gradient])),
  Mul: (call) => {
    const factor = other(call);
    return factor && toInput(call, call.build.multiply(call.gradient, factor));
  },
  /** ∂(a/b)/∂a = 1/b, ∂(a/b)/∂b = −(a/b)/b. */
  Div: (call) => {
    const { build, node, gradient, output, index } = call;
    const divisor = node.inputs[1] ?? null;
    const quotient = build.node('Div', [gradient, divisor]);
    return toInput(call, index === 0 ? quotient : build.node('Neg', [build.multiply(quotient, output)]));
  },
  Neg: ({ build, gradient }) => build.node('Neg', [gradient]),
  Exp: scaled(({ output }) => output),
  Relu: scaled(isPositive),
  LeakyRelu: leaky(({ build, node, dtype }) => build.scalar(node.float('alpha', 0.01), dtype)),
  /** The slope is broadcast to the input. */
  PRelu: (call) => (call.index === 0 ? leaky(({ node }) => node.inputs[1] as Value)(call) : undefined),
  Elu: scaled((call) => {
    const { build, node, output, dtype } = call;
    const positive = isPositive(call);
    const rest = build.node('Sub', [one(call), positive]);
    return build.add(positive, build.multiply(rest, build.add(output, build.scalar(node.float('alpha', 1), dtype))));
  }),
  Clip: clip,
  Sigmoid: scaled((call) => call.build.multiply(call.output, call.build.node('Sub', [one(call), call.output]))),
  Tanh: scaled((call) => call.build.node('Sub', [one(call), call.build.multiply(call.output, call.output)])),
  HardSigmoid: scaled((call) =>
    call.build.multiply(isBetween(call, call.output), call.build.scalar(call.node.float('alpha', 0.2), call.dtype)),
  ),
  /** x·h with h = max(0, min(1, x/6 + ½)): h + x·h′. */
  HardSwish: scaled((call) => {
    const { build, input, dtype } = call;
    const sixth = build.scalar(1 / 6, dtype);
    const line = build.add(build.multiply(input, sixth), build.scalar(0.5, dtype));
    const [below, above] = [build.greater(line, zero(call), dtype), build.greater(line, one(call), dtype)];
    const within = build.multiply(below, build.node('Sub', [one(call), above]));
    const h = build.add(build.multiply(line, within), above);
    return build.add(h, build.multiply(build.multiply(input, sixth), within));
  }),
};
