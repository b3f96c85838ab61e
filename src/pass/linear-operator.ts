import { type Dim, isRealDType, type Model, type Node, type RealDType, type Tensor, type Value } from '../ir/index.ts';
import { hasContradictingPads, resolveOutputPadding, resolvePads } from '../onnx/index.ts';
import type { PassContext } from './context.ts';
import { type Skip, skip } from './skip.ts';

/**
 * Conv, ConvTranspose, Gemm and MatMul seen as one thing: a linear map from S to T channels, repeated over positions.
 *
 * Its kernel, whatever the operator's own layout, is W[g, t, s, k1 … kd]: groups, outputs per group, inputs per group,
 * then one index per spatial axis (none for Gemm and MatMul).
 */
export interface LinearOperator {
  readonly node: Node;
  readonly opType: 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';
  /** Activations in. */
  readonly input: Value;
  readonly weight: Value;
  readonly bias: Value | null;
  readonly output: Value;
  readonly dtype: RealDType;
  readonly groups: number;
  /** Outputs per group, T. */
  readonly outputs: number;
  /** Inputs per group, S. */
  readonly inputs: number;
  /** Kernel size per spatial axis; [] for Gemm and MatMul, as all that follows. */
  readonly kernelShape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before and after, per spatial axis; an auto_pad is resolved. */
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  /** ConvTranspose only; zeros otherwise. */
  readonly outputPadding: readonly number[];
  /** How the weight itself orders the kernel's indices. */
  readonly weightLayout: WeightLayout;
  /** Positions at which the map applies, per sample: spatial sizes in and out, rows for Gemm and MatMul. */
  readonly inputSizes: readonly number[] | undefined;
  readonly outputSizes: readonly number[] | undefined;
}

/** Conv [g·t, s, k…] · ConvTranspose [g·s, t, k…] · matrices [t, s] ('rows') or [s, t] ('columns'). */
export type WeightLayout = 'conv' | 'conv-transpose' | 'rows' | 'columns';

/**
 * The linear operator that a node is.
 *
 * Legality, in this order:
 * 1. the node stands in the main graph (`subgraph`);
 * 2. no function of the model bears the operator's name, and all attributes are known (`not-legal`);
 * 3. its weight does not come from QuantizeLinear/DequantizeLinear (`quantized`) and is an initializer or a Constant
 *    (`weight-not-constant`) that no graph input overrides (`weight-overridable`);
 * 4. nobody else needs the weight as it is (`weight-shared`);
 * 5. weights are float32, float16, bfloat16 or float64 (`dtype`);
 * 6. the weight's shape fits the operator's attributes and its input (`not-legal`);
 * 7. pads are explicit or can be computed (`shape-unknown`).
 *
 * @returns null for any other operator
 */
export function linearOperator(
  node: Node,
  context: Pick<PassContext<unknown>, 'model' | 'shapes'>,
): LinearOperator | Skip | null {
  if (!node.is('Conv', 'ConvTranspose', 'Gemm', 'MatMul')) return null;
  const { graph, functions } = context.model;
  if (node.graph !== graph) return skip(node, 'subgraph', 'nodes inside subgraphs and functions are passed through');
  const fault = unknownMeaning(node, functions);
  if (fault) return skip(node, 'not-legal', fault);
  const position = weightPosition(node);
  const weight = node.inputs[position];
  const input = node.inputs[1 - position];
  const output = node.outputs[0];
  if (!weight || !input || !output) return skip(node, 'not-legal', 'an input or output is missing');
  if (weight.producer?.is('DequantizeLinear'))
    return skip(node, 'quantized', `${weight.name} is dequantized at run time`);
  const tensor = constantTensor(weight);
  if (!tensor) return skip(node, 'weight-not-constant', `${weight.name} is computed at run time`);
  if (graph.isInput(weight) && context.model.irVersion >= 4)
    return skip(node, 'weight-overridable', `${weight.name} is a graph input; --freeze-inputs makes it constant`);
  if (weight.uses.size > 1 || graph.isOutput(weight))
    return skip(node, 'weight-shared', `${weight.name} has ${weight.uses.size} readers`);
  if (!isRealDType(tensor.dtype)) return skip(node, 'dtype', `${weight.name} is ${tensor.dtype}`);
  const common = { node, input, weight, output, dtype: tensor.dtype };
  return node.is('Conv', 'ConvTranspose')
    ? convolution(common, tensor, context)
    : matrixProduct(common, tensor, position, context);
}

const knownAttributes: Readonly<Record<LinearOperator['opType'], readonly string[]>> = {
  Conv: ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'],
  ConvTranspose: [
    'auto_pad',
    'dilations',
    'group',
    'kernel_shape',
    'output_padding',
    'output_shape',
    'pads',
    'strides',
  ],
  Gemm: ['alpha', 'beta', 'transA', 'transB'],
  MatMul: [],
};

/** What could make the node something else than the operator that we know by its name. */
function unknownMeaning({ opType, attributes }: Node, functions: Model['functions']): string | undefined {
  if (functions.some(({ domain, name }) => ['', 'ai.onnx'].includes(domain) && name === opType))
    return `the model has a function named ${opType} of its own`;
  const strange = [...attributes.keys()].find(
    (name) => !knownAttributes[opType as LinearOperator['opType']].includes(name),
  );
  return strange === undefined ? undefined : `it has the attribute "${strange}", whose meaning is not known`;
}

type Common = Pick<LinearOperator, 'node' | 'input' | 'weight' | 'output' | 'dtype'>;
type ShapesOnly = Pick<PassContext<unknown>, 'shapes'>;

/** The tensor of an initializer or of a Constant node. */
export function constantTensor(value: Value): Tensor | undefined {
  if (value.tensor) return value.tensor;
  const attribute = value.producer?.is('Constant') ? value.producer.attributes.get('value')?.value : undefined;
  return attribute?.kind === 'tensor' ? attribute.value : undefined;
}

/** The same, unless a graph input of that name lets callers feed another. */
export function fixedTensor(value: Value, { model }: Pick<PassContext<unknown>, 'model'>): Tensor | undefined {
  return model.isOverridable(value) ? undefined : constantTensor(value);
}

/** MatMul may have its constant on either side; the right one wins, as for everybody else. */
function weightPosition(node: Node): 0 | 1 {
  const [left, right] = node.inputs;
  return node.is('MatMul') && left && constantTensor(left) && right && !constantTensor(right) ? 0 : 1;
}

function convolution(common: Common, tensor: Tensor, { shapes }: ShapesOnly): LinearOperator | Skip {
  const { node, input, output } = common;
  const transposed = node.is('ConvTranspose');
  const [outer, inner, ...kernelShape] = tensor.dims;
  const groups = node.int('group', 1);
  const axes = kernelShape.length;
  if (outer === undefined || inner === undefined || axes === 0 || groups < 1 || outer % groups !== 0)
    return skip(node, 'not-legal', `a weight of ${tensor.dims.join('×')} does not fit group ${groups}`);
  const declared = node.ints('kernel_shape');
  if (declared && declared.join() !== kernelShape.join())
    return skip(
      node,
      'not-legal',
      `kernel_shape ${declared.join('×')} contradicts the weight's ${kernelShape.join('×')}`,
    );
  if (hasContradictingPads(node)) return skip(node, 'not-legal', 'its auto_pad contradicts its pads');
  const inputShape = shapes.shapeOf(input);
  const channels = transposed ? outer : groups * inner;
  if (typeof inputShape?.[1] === 'number' && inputShape[1] !== channels)
    return skip(node, 'not-legal', `the input has ${inputShape[1]} channels, and the weight takes ${channels}`);
  const pads = resolvePads(node, inputShape, tensor.dims);
  const outputPadding = transposed ? resolveOutputPadding(node, inputShape, tensor.dims) : kernelShape.map(() => 0);
  if (!pads || !outputPadding)
    return skip(node, 'shape-unknown', 'its pads depend on spatial sizes that are not known');
  const ones = kernelShape.map(() => 1);
  const strides = node.ints('strides') ?? ones;
  if (outputPadding.some((extra, axis) => extra > 0 && extra >= (strides[axis] as number)))
    return skip(node, 'not-legal', 'output_shape asks for more than its strides reach');
  const perGroup = outer / groups;
  return {
    ...common,
    opType: transposed ? 'ConvTranspose' : 'Conv',
    bias: node.inputs[2] ?? null,
    groups,
    outputs: transposed ? inner : perGroup,
    inputs: transposed ? perGroup : inner,
    kernelShape,
    strides,
    dilations: node.ints('dilations') ?? ones,
    padsBegin: pads.begin,
    padsEnd: pads.end,
    outputPadding,
    weightLayout: transposed ? 'conv-transpose' : 'conv',
    inputSizes: spatialSizes(inputShape, axes),
    outputSizes: spatialSizes(shapes.shapeOf(output), axes),
  };
}

function matrixProduct(common: Common, tensor: Tensor, position: 0 | 1, { shapes }: ShapesOnly): LinearOperator | Skip {
  const { node, output } = common;
  const [rows, columns] = tensor.dims;
  if (tensor.dims.length !== 2 || rows === undefined || columns === undefined)
    return skip(node, 'not-legal', `a batch of matrices (${tensor.dims.join('×')}) is not factorized`);
  const weightLayout = position === 0 || (node.is('Gemm') && node.int('transB', 0) !== 0) ? 'rows' : 'columns';
  const sizes = rowsPerSample(shapes.shapeOf(output), position);
  return {
    ...common,
    opType: node.is('Gemm') ? 'Gemm' : 'MatMul',
    bias: node.is('Gemm') ? (node.inputs[2] ?? null) : null,
    groups: 1,
    outputs: weightLayout === 'rows' ? rows : columns,
    inputs: weightLayout === 'rows' ? columns : rows,
    kernelShape: [],
    strides: [],
    dilations: [],
    padsBegin: [],
    padsEnd: [],
    outputPadding: [],
    weightLayout,
    inputSizes: sizes,
    outputSizes: sizes,
  };
}

function spatialSizes(shape: readonly Dim[] | undefined, axes: number): readonly number[] | undefined {
  const sizes = shape?.slice(2);
  return sizes?.length === axes && sizes.every((size) => typeof size === 'number') ? sizes : undefined;
}

/** Rows beyond the batch axis: [] for [N, T]; [L] for [N, L, T]; columns where the weight stands on the left. */
function rowsPerSample(shape: readonly Dim[] | undefined, position: 0 | 1): readonly number[] | undefined {
  if (!shape) return undefined;
  const axis = shape.length - (position === 0 ? 2 : 1);
  const sizes = shape.filter((_, index) => index !== axis && (index !== 0 || position === 0));
  return sizes.every((size) => typeof size === 'number') ? sizes : undefined;
}
