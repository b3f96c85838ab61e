import { Graph, Model, memorySource, Node, Tensor, Value } from '../ir/index.ts';
import { convAttributes, writeModel } from '../onnx/index.ts';
import type { Feeds } from '../runtime/index.ts';
import { elements } from './step-work.ts';
import type { SizedStep } from './timed-step.ts';

/** A model to be timed, and what it is fed. */
export interface ChainModel {
  readonly bytes: Uint8Array;
  readonly feeds: Feeds;
}

/**
 * `copies` of a chain side by side on one input, their outputs added up as the branches of a residual network are; each has
 * weights of its own, a bias on its last step and a Relu after it:
 *
 *     y₁ = Relu(chain₁(x)), yᵢ = Relu(chainᵢ(x) + yᵢ₋₁)
 *
 * The input is brought into ONNX Runtime's blocked layout once for all copies, and the last sum out of it once: what a
 * lone chain pays at its borders, and one inside a network does not, becomes small beside the copies. Weights that are
 * read once per run lie as far from the processor as in a network.
 */
export function chainModel(chain: readonly SizedStep[], copies: number): ChainModel {
  const [first, last] = [chain[0], chain.at(-1)];
  if (!first || !last) throw new Error('a chain has steps');
  const graph = new Graph('chain');
  const input = tensorValue('x', activationDims(first, first.inputs, first.inputSizes));
  graph.inputs.push(input);
  let sum: Value | undefined;
  for (let copy = 0; copy < copies; copy++) {
    let value = chain.reduce((from, step, i) => append(graph, step, from, `${copy}/${i}`, step === last), input);
    if (sum) value = appendPlain(graph, 'Add', [value, sum], `${copy}/add`);
    sum = appendPlain(graph, 'Relu', [value], `${copy}/relu`);
  }
  if (sum) graph.outputs.push(sum);
  const model = new Model(7, graph);
  model.opsetImports = [{ domain: '', version: 13 }];
  const dims = activationDims(first, first.inputs, first.inputSizes);
  return { bytes: writeModel(model), feeds: { x: { dtype: 'float32', dims, data: noise(elements(dims)) } } };
}

function append(graph: Graph, step: SizedStep, from: Value, name: string, biased: boolean): Value {
  const weight = graph.addInitializer(`${name}/weight`, noiseTensor(weightDims(step)));
  const bias =
    biased && step.opType !== 'MatMul' ? [graph.addInitializer(`${name}/bias`, noiseTensor([step.outputs]))] : [];
  const output = tensorValue(name, activationDims(step, step.outputs, step.outputSizes));
  graph.append(
    new Node({
      name,
      opType: step.opType,
      inputs: [from, weight, ...bias],
      outputs: [output],
      attributes: step.kernelShape.length === 0 ? [] : convAttributes(step),
    }),
  );
  return output;
}

function appendPlain(graph: Graph, opType: 'Add' | 'Relu', inputs: readonly Value[], name: string): Value {
  const output = new Value(name, inputs[0]?.type);
  graph.append(new Node({ name, opType, inputs: [...inputs], outputs: [output] }));
  return output;
}

function tensorValue(name: string, dims: readonly number[]): Value {
  return new Value(name, { kind: 'tensor', dtype: 'float32', shape: dims });
}

/** One sample: [1, channels, ...sizes], or [rows, channels] for matrices. */
function activationDims({ kernelShape }: SizedStep, channels: number, sizes: readonly number[]): readonly number[] {
  return kernelShape.length === 0 ? [elements(sizes), channels] : [1, channels, ...sizes];
}

function weightDims({ opType, groups, inputs, outputs, kernelShape }: SizedStep): readonly number[] {
  switch (opType) {
    case 'Conv':
      return [outputs, inputs / groups, ...kernelShape];
    case 'ConvTranspose':
      return [inputs, outputs / groups, ...kernelShape];
    default:
      return [inputs, outputs];
  }
}

function noiseTensor(dims: readonly number[]): Tensor {
  const { buffer, byteOffset, byteLength } = noise(elements(dims));
  return new Tensor('float32', dims, memorySource(new Uint8Array(buffer, byteOffset, byteLength)));
}

let pool = new Float32Array(0);

/**
 * Numbers between −0.25 and 0.25, the same ones for everybody: times do not depend on them as long as nothing overflows
 * or becomes subnormal, and drawing fresh ones would take longer than timing. Never written to.
 */
function noise(count: number): Float32Array {
  if (pool.length < count) {
    const [a, c] = [1_664_525, 1_013_904_223]; // Numerical Recipes, 7.1
    pool = new Float32Array(count);
    let state = 1;
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, a) + c) | 0;
      pool[i] = state / 2 ** 33;
    }
  }
  return pool.subarray(0, count);
}
