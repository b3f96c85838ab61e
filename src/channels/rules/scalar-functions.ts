import type { Node } from '../../ir/index.ts';

/** One element out of one element of each input, in float64; NaN where that is not known. */
export type ScalarFunction = (...inputs: number[]) => number;

const unknown = () => Number.NaN;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Functions with attributes. Inputs beyond the first (bounds, training mode) come as numbers as well. */
const withAttributes: Readonly<Record<string, (node: Node) => ScalarFunction>> = {
  LeakyRelu: (node) => scaledBelow(node.float('alpha', 0.01)),
  Elu:
    (node) =>
    (x = 0) =>
      x < 0 ? node.float('alpha', 1) * Math.expm1(x) : x,
  Celu: (node) => {
    const alpha = node.float('alpha', 1);
    return (x = 0) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
  },
  Selu: (node) => {
    const [alpha, gamma] = [node.float('alpha', 1.6732631921768188), node.float('gamma', 1.0507010221481323)];
    return (x = 0) => gamma * (x < 0 ? alpha * Math.expm1(x) : x);
  },
  HardSigmoid: (node) => {
    const [alpha, beta] = [node.float('alpha', 0.2), node.float('beta', 0.5)];
    return (x = 0) => Math.max(0, Math.min(1, alpha * x + beta));
  },
  Affine: (node) => {
    const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 0)];
    return (x = 0) => alpha * x + beta;
  },
  ThresholdedRelu:
    (node) =>
    (x = 0) =>
      x <= node.float('alpha', 1) ? 0 : x,
  Clip: (node) => {
    const [least, most] = [node.float('min', Number.NEGATIVE_INFINITY), node.float('max', Number.POSITIVE_INFINITY)];
    return (x = 0, low = least, high = most) => Math.min(high, Math.max(low, x));
  },
};

/** In the order of inputs; zero times anything finite is zero, whatever is not known about the other. */
const plain: Readonly<Record<string, ScalarFunction>> = {
  Identity: (x = 0) => x,
  Dropout: (x = 0) => x,
  Relu: (x = 0) => Math.max(0, x),
  Sigmoid: (x = 0) => sigmoid(x),
  Tanh: (x = 0) => Math.tanh(x),
  HardSwish: (x = 0) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  Softplus: (x = 0) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(0, x),
  Softsign: (x = 0) => x / (1 + Math.abs(x)),
  Mish: (x = 0) => x * Math.tanh(Math.log1p(Math.exp(x))),
  Abs: (x = 0) => Math.abs(x),
  Neg: (x = 0) => -x,
  Exp: (x = 0) => Math.exp(x),
  Log: (x = 0) => Math.log(x),
  Sqrt: (x = 0) => Math.sqrt(x),
  Reciprocal: (x = 0) => 1 / x,
  Floor: (x = 0) => Math.floor(x),
  Ceil: (x = 0) => Math.ceil(x),
  Sign: (x = 0) => Math.sign(x),
  Sin: (x = 0) => Math.sin(x),
  Cos: (x = 0) => Math.cos(x),
  Erf: (x = 0) => (x === 0 ? 0 : Number.NaN),
  Gelu: (x = 0) => (x === 0 ? 0 : Number.NaN),
  Add: (a = 0, b = 0) => a + b,
  Sub: (a = 0, b = 0) => a - b,
  Mul: (a = 0, b = 0) => (a === 0 || b === 0 ? 0 : a * b),
  Div: (a = 0, b = 0) => a / b,
  Min: (...all) => Math.min(...all),
  Max: (...all) => Math.max(...all),
  Sum: (...all) => all.reduce((sum, x) => sum + x, 0),
  Mean: (...all) => all.reduce((sum, x) => sum + x, 0) / all.length,
  PRelu: (x = 0, slope = 0) => (x >= 0 ? x : slope * x),
  Where: (condition = 0, x = 0, y = 0) => (Number.isNaN(condition) ? (x === y ? x : Number.NaN) : condition ? x : y),
  // Rounding of ties, precision and types are not worth a model of their own: what is not zero is not known.
  Pow: unknown,
  Cast: (x = 0) => (x === 0 ? 0 : Number.NaN),
};

/** Element-wise operators without a function here: their channels go through, their constants are not known. */
const opaque = [
  ...['Round', 'Asin', 'Atan', 'Sinh', 'Asinh', 'Acos', 'Cosh', 'Acosh', 'Atanh', 'Tan', 'Swish', 'Shrink'],
  ...['Not', 'IsNaN', 'IsInf', 'CastLike', 'BitwiseNot'],
  ...['Mod', 'And', 'Or', 'Xor', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'],
];

export const elementwiseOperators: readonly string[] = [
  ...new Set([...Object.keys(withAttributes), ...Object.keys(plain), ...opaque]),
];

function scaledBelow(slope: number): ScalarFunction {
  return (x = 0) => (x < 0 ? slope * x : x);
}

export function scalarFunction(node: Node): ScalarFunction {
  return withAttributes[node.opType]?.(node) ?? plain[node.opType] ?? unknown;
}
