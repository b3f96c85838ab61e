import * as control from './control-flow.ts';
import * as conv from './convolution.ts';
import * as each from './elementwise.ts';
import * as make from './generators.ts';
import * as matrix from './matrix.ts';
import * as move from './movement.ts';
import * as norm from './normalization.ts';
import type { OperatorRule } from './operator-call.ts';
import * as reduce from './reduction.ts';
import * as signal from './signal.ts';
import * as pick from './slicing.ts';
import * as text from './strings.ts';

const { elementwise, numeric, unary } = each;
const same = unary();
const asBoolean = unary({ dtype: 'bool' });

function compare(holds: (a: number, b: number) => boolean): OperatorRule {
  return elementwise({ dtype: 'bool', compute: numeric((a = 0, b = 0) => Number(holds(a, b))) });
}

function map(compute: (x: number) => number): OperatorRule {
  return unary({ compute: numeric((x = 0) => compute(x)) });
}

function fold(compute: (...numbers: readonly number[]) => number): OperatorRule {
  return elementwise({ compute: numeric(compute) });
}

/** Shape and element type are the first input's. */
const keepsType = [
  'Acos',
  'Acosh',
  'Asin',
  'Asinh',
  'Atan',
  'Atanh',
  'BitwiseNot',
  'Celu',
  'Cos',
  'Cosh',
  'CumSum',
  'Elu',
  'Erf',
  'Exp',
  'Gelu',
  'GroupNormalization',
  'HardSigmoid',
  'HardSwish',
  'Hardmax',
  'ImageScaler',
  'Affine',
  'InstanceNormalization',
  'LRN',
  'LeakyRelu',
  'Log',
  'LogSoftmax',
  'LpNormalization',
  'MeanVarianceNormalization',
  'Mish',
  'PRelu',
  'ParametricSoftplus',
  'RMSNormalization',
  'Relu',
  'ReverseSequence',
  'RotaryEmbedding',
  'ScaledTanh',
  'Scatter',
  'ScatterElements',
  'ScatterND',
  'Selu',
  'Shrink',
  'Sigmoid',
  'Sin',
  'Sinh',
  'Softmax',
  'Softplus',
  'Softsign',
  'Swish',
  'Tan',
  'Tanh',
  'ThresholdedRelu',
  'Trilu',
] as const;

/**
 * Operators of the default domain, one line each. Rules see the model's opset where an operator changed its inputs;
 * attributes that became inputs are read from wherever the node has them.
 */
export const operatorRules: ReadonlyMap<string, OperatorRule> = new Map<string, OperatorRule>([
  ...keepsType.map((opType) => [opType, same] as const),

  // elementwise, exact on small integer tensors
  ['Abs', map(Math.abs)],
  ['Add', each.add],
  ['Ceil', map(Math.ceil)],
  ['Clip', each.clip],
  ['Div', each.divide],
  ['Floor', map(Math.floor)],
  ['Identity', unary({ compute: (item) => item })],
  ['Max', fold(Math.max)],
  ['Mean', elementwise()],
  ['Min', fold(Math.min)],
  ['Mod', each.modulo],
  ['Mul', each.multiply],
  ['Neg', map((x) => -x)],
  ['Pow', fold((x = 0, y = 0) => x ** y)],
  ['Reciprocal', map((x) => 1 / x)],
  ['Round', same],
  ['Sign', map(Math.sign)],
  ['Sqrt', map(Math.sqrt)],
  ['Sub', each.subtract],
  ['Sum', fold((...numbers) => reduce.sum(numbers))],
  ['Where', each.where],

  // comparison and logic
  ['And', compare((a, b) => a !== 0 && b !== 0)],
  ['BitShift', elementwise()],
  ['BitwiseAnd', elementwise()],
  ['BitwiseOr', elementwise()],
  ['BitwiseXor', elementwise()],
  ['Equal', compare((a, b) => a === b)],
  ['Greater', compare((a, b) => a > b)],
  ['GreaterOrEqual', compare((a, b) => a >= b)],
  ['IsInf', asBoolean],
  ['IsNaN', asBoolean],
  ['Less', compare((a, b) => a < b)],
  ['LessOrEqual', compare((a, b) => a <= b)],
  ['Not', unary({ dtype: 'bool', compute: numeric((x = 0) => Number(x === 0)) })],
  ['Or', compare((a, b) => a !== 0 || b !== 0)],
  ['Xor', compare((a, b) => (a !== 0) !== (b !== 0))],

  // types and constants
  ['Bernoulli', each.likeInput('dtype')],
  ['Cast', each.cast],
  ['CastLike', each.castLike],
  ['Constant', make.constant],
  ['ConstantOfShape', make.constantOfShape],
  ['EyeLike', each.likeInput('dtype')],
  ['Multinomial', make.multinomial],
  ['RandomNormal', make.random],
  ['RandomNormalLike', each.likeInput('dtype')],
  ['RandomUniform', make.random],
  ['RandomUniformLike', each.likeInput('dtype')],
  ['Range', make.range],

  // convolutions and pools
  ['AffineGrid', conv.affineGrid],
  ['AveragePool', conv.pool],
  ['Col2Im', conv.columnsToImage],
  ['Conv', conv.convolution],
  ['ConvInteger', conv.integerConvolution],
  ['ConvTranspose', conv.transposedConvolution],
  ['DeformConv', conv.convolution],
  ['GlobalAveragePool', conv.globalPool],
  ['GlobalLpPool', conv.globalPool],
  ['GlobalMaxPool', conv.globalPool],
  ['GridSample', conv.gridSample],
  ['LpPool', conv.pool],
  ['MaxPool', conv.pool],
  ['MaxRoiPool', conv.regionPool],
  ['MaxUnpool', conv.maxUnpool],
  ['QLinearConv', conv.quantizedConvolution],
  ['RoiAlign', conv.regionAlign],

  // matrices and signals
  ['BlackmanWindow', signal.signalWindow],
  ['DFT', signal.fourierTransform],
  ['Det', matrix.determinant],
  ['Einsum', matrix.einsum],
  ['Gemm', matrix.gemm],
  ['HammingWindow', signal.signalWindow],
  ['HannWindow', signal.signalWindow],
  ['MatMul', matrix.matrixProduct],
  ['MatMulInteger', matrix.integerProduct],
  ['MelWeightMatrix', signal.melWeights],
  ['QLinearMatMul', matrix.quantizedProduct],
  ['STFT', signal.shortTimeFourier],

  // the same elements, elsewhere
  ['Concat', move.concat],
  ['DepthToSpace', move.depthToSpace],
  ['Expand', move.expand],
  ['Flatten', move.flatten],
  ['Reshape', move.reshape],
  ['SpaceToDepth', move.spaceToDepth],
  ['Split', move.split],
  ['Squeeze', move.squeeze],
  ['Tile', move.tile],
  ['Transpose', move.transpose],
  ['Unsqueeze', move.unsqueeze],

  // some of the elements, or more of them
  ['CenterCropPad', pick.centerCropPad],
  ['Compress', pick.compress],
  ['Crop', pick.crop],
  ['Gather', pick.gather],
  ['GatherElements', pick.gatherElements],
  ['GatherND', pick.gatherND],
  ['NonZero', pick.nonZero],
  ['OneHot', pick.oneHot],
  ['Pad', pick.pad],
  ['Resize', pick.resize],
  ['Slice', pick.slice],
  ['TopK', pick.topK],
  ['Upsample', pick.resize],

  // reductions and selections
  ['ArgMax', reduce.argument],
  ['ArgMin', reduce.argument],
  ['NegativeLogLikelihoodLoss', reduce.classificationLoss],
  ['NonMaxSuppression', reduce.nonMaxSuppression],
  ['ReduceL1', reduce.reduce()],
  ['ReduceL2', reduce.reduce()],
  ['ReduceLogSum', reduce.reduce()],
  ['ReduceLogSumExp', reduce.reduce()],
  ['ReduceMax', reduce.reduce(reduce.largest)],
  ['ReduceMean', reduce.reduce()],
  ['ReduceMin', reduce.reduce(reduce.smallest)],
  ['ReduceProd', reduce.reduce(reduce.product)],
  ['ReduceSum', reduce.reduce(reduce.sum)],
  ['ReduceSumSquare', reduce.reduce()],
  ['Shape', reduce.shapeAsData],
  ['Size', reduce.size],
  ['SoftmaxCrossEntropyLoss', reduce.classificationLoss],
  ['TfIdfVectorizer', reduce.ngramCounts],
  ['Unique', reduce.unique],

  // normalization, quantization, recurrence
  ['BatchNormalization', norm.batchNormalization],
  ['DequantizeLinear', norm.dequantizeLinear],
  ['Dropout', norm.dropout],
  ['DynamicQuantizeLinear', norm.dynamicQuantizeLinear],
  ['GRU', norm.recurrent(3)],
  ['LSTM', norm.recurrent(4)],
  ['LayerNormalization', norm.layerNormalization],
  ['QuantizeLinear', norm.quantizeLinear],
  ['RNN', norm.recurrent(1)],

  // subgraphs
  ['If', control.conditional],
  ['Loop', control.loop],
  ['Scan', control.scan],

  // strings and images
  ['ImageDecoder', make.decodedImage],
  ['OptionalHasElement', make.always('bool', [])],
  ['RegexFullMatch', asBoolean],
  ['SequenceLength', make.always('int64', [])],
  ['StringConcat', elementwise()],
  ['StringNormalizer', text.stringNormalizer],
  ['StringSplit', text.stringSplit],
]);
