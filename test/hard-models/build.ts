import { type DType, fromFloat64, type RealDType } from '../../src/ir/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import type { SkipCode } from '../../src/pass/index.ts';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from '../../src/wire/index.ts';

/** A model that is hard on tools, and what has to become of each Conv, ConvTranspose, Gemm and MatMul in it. */
export interface HardModel {
  readonly name: string;
  readonly model: ModelProto;
  /** By the name that reports give a node: its own, or that of its first output. */
  readonly nodes: Readonly<Record<string, 'rewritten' | SkipCode>>;
  /** Set where ONNX Runtime does not load the model as it comes, with what it says. */
  readonly rejected?: RegExp;
  /** Set where the whole model cannot be run on made-up inputs, or not compared, with the reason that is given. */
  readonly unverified?: RegExp;
}

type Sizes = readonly (number | string | undefined)[];

const codes: Partial<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** @param sizes a number, a symbol, or undefined for a size that is not known; no sizes at all for an unknown rank */
export function port(name: string, sizes?: Sizes, dtype: DType = 'float32'): ValueInfoProto {
  const dim = sizes?.map((size) =>
    typeof size === 'number' ? { dimValue: BigInt(size) } : size === undefined ? {} : { dimParam: size },
  );
  return { name, type: { tensorType: { elemType: codes[dtype] ?? 0, ...(dim && { shape: { dim } }) } } };
}

/** Normal numbers around `offset`, from a stream of their own. */
export function weight(
  name: string,
  dims: readonly number[],
  { dtype = 'float32', offset = 0 }: { dtype?: RealDType; offset?: number } = {},
): TensorProto {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const numbers = seededRandom(7, name)
    .normals(size)
    .map((value) => offset + 0.3 * value);
  return {
    name,
    dims: dims.map(BigInt),
    dataType: codes[dtype] ?? 0,
    rawData: Uint8Array.from(fromFloat64(numbers, dims, dtype).bytes()),
  };
}

/** Scale, shift, mean and variance of a batch-norm over `channels`, named s, o, m, v. */
export function statistics(channels: number, suffix = ''): TensorProto[] {
  return ['s', 'o', 'm', 'v'].map((name) => weight(`${name}${suffix}`, [channels], { offset: name === 'v' ? 3 : 1 }));
}

export function int64s(name: string, values: readonly number[], dims = [values.length]): TensorProto {
  return {
    name,
    dims: dims.map(BigInt),
    dataType: 7,
    rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  };
}

type AttributeInput = number | readonly number[] | string | AttributeProto;

export const float = (f: number): AttributeProto => ({ type: 1, f });
export const body = (g: GraphProto): AttributeProto => ({ type: 5, g });
export const constant = (t: TensorProto): AttributeProto => ({ type: 4, t });

function attribute(name: string, value: AttributeInput): AttributeProto {
  if (typeof value === 'number') return { name, type: 2, i: BigInt(value) };
  if (typeof value === 'string') return { name, type: 3, s: Buffer.from(value) };
  return 'type' in value ? { ...value, name } : { name, type: 7, ints: (value as readonly number[]).map(BigInt) };
}

/** @param inputs names, in a list or with spaces between them; `-` stands for an input that is left out */
export function op(
  opType: string,
  inputs: string | readonly string[],
  outputs: string | readonly string[],
  attributes: Readonly<Record<string, AttributeInput>> = {},
  more: NodeProto = {},
): NodeProto {
  const attribute_ = Object.entries(attributes).map(([name, value]) => attribute(name, value));
  return { opType, input: names(inputs), output: names(outputs), attribute: attribute_, ...more };
}

function names(list: string | readonly string[]): string[] {
  if (typeof list !== 'string') return [...list];
  return list === '' ? [] : list.split(' ').map((name) => (name === '-' ? '' : name));
}

export interface ModelOptions extends ModelProto {
  readonly ir?: number;
  readonly opset?: number;
}

export function modelOf(graph: GraphProto, { ir = 8, opset = 17, ...more }: ModelOptions = {}): ModelProto {
  return {
    irVersion: BigInt(ir),
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    graph: { name: 'hard', ...graph },
    ...more,
  };
}

/** x → nodes → y. */
export function through(
  node: readonly NodeProto[],
  initializer: readonly TensorProto[],
  x: Sizes | undefined,
  options: ModelOptions & { readonly y?: Sizes; readonly dtype?: DType } = {},
): ModelProto {
  const { y, dtype = 'float32', ...rest } = options;
  return modelOf(
    { node: [...node], initializer: [...initializer], input: [port('x', x, dtype)], output: [port('y', y, dtype)] },
    rest,
  );
}
