import { attribute, fromFloat64, type Node, type Tensor, toFloat64, type Value } from '../ir/index.ts';
import { constantTensor, type Editor, type LinearOperator } from '../pass/index.ts';

/**
 * Where a corrected bias of an operator goes:
 *
 * - `own`: the operator's bias input, there or still free;
 * - `add`: the constant of the Add that reads a MatMul;
 * - `new-add`: an Add of its own, for a MatMul without one;
 * - `fixed`: nowhere; a Gemm's C that is computed or differs from row to row stays as it is.
 */
type BiasPlace =
  | { readonly kind: 'own' | 'new-add' | 'fixed' }
  | { readonly kind: 'add'; readonly node: Node; readonly index: 0 | 1; readonly constant: Tensor };

export interface PlacedBias {
  /** `add`: it stands in the Add that follows, and the operator adds nothing. */
  readonly kind: 'own' | 'add' | 'new-add';
  readonly value: Value;
}

/**
 * Makes a corrected bias a value of the graph and puts it into the Add that follows where that is its place; `own` and
 * `new-add` are left to who makes the operator's nodes.
 *
 * @param bias what the operator is to add to each output channel, float64[g·T]
 * @returns undefined where a bias cannot be corrected
 */
export function placeBias(operator: LinearOperator, bias: Float64Array, edit: Editor): PlacedBias | undefined {
  const place = biasPlace(operator);
  if (place.kind === 'fixed') return undefined;
  const value = edit.initializer(`${baseName(operator)}/bias`, biasTensor(operator, place, bias));
  if (place.kind === 'add') edit.setInput(place.node, place.index, value);
  return { kind: place.kind, value };
}

/** Gives an operator that stays a corrected bias. */
export function replaceBias(operator: LinearOperator, bias: Float64Array, edit: Editor): void {
  const placed = placeBias(operator, bias, edit);
  const { node } = operator;
  if (placed?.kind === 'own') {
    edit.setInput(node, 2, placed.value);
    if (node.is('Gemm')) edit.setAttribute(node, attribute.float('beta', 1));
  }
  if (placed?.kind !== 'new-add') return;
  const product = edit.node({
    name: `${baseName(operator)}/product`,
    opType: 'MatMul',
    inputs: node.inputs,
    outputs: [`${baseName(operator)}/product`],
  });
  addAfter(operator, product.outputs[0] as Value, placed, edit);
  edit.remove(node);
}

/** value + bias → the operator's output. */
export function addAfter(operator: LinearOperator, value: Value, bias: PlacedBias, edit: Editor): void {
  edit.node({
    name: `${baseName(operator)}/bias`,
    opType: 'Add',
    inputs: [value, bias.value],
    outputs: [operator.output],
  });
}

export function baseName({ node, output }: LinearOperator): string {
  return node.name || output.name;
}

function biasPlace(operator: LinearOperator): BiasPlace {
  const { opType, bias, groups, outputs } = operator;
  if (opType === 'MatMul') return followingAdd(operator) ?? { kind: 'new-add' };
  if (!bias) return { kind: 'own' };
  const tensor = operator.node.graph?.isInput(bias) ? undefined : constantTensor(bias);
  const perChannel = tensor && (tensor.size === 1 || isVector(tensor, groups * outputs));
  return { kind: perChannel ? 'own' : 'fixed' };
}

/** MatMul(x, W) + constant, with one number per output and no other reader. */
function followingAdd({ output, outputs, node, weightLayout }: LinearOperator): BiasPlace | undefined {
  const { graph } = node;
  const [use, ...others] = output.uses;
  if (!use || others.length > 0 || graph?.isOutput(output) || weightLayout === 'rows') return undefined;
  if (!use.node.is('Add') || use.node.graph !== graph) return undefined;
  const index = use.index === 0 ? 1 : 0;
  const value = use.node.inputs[index];
  const constant = value && !graph?.isInput(value) ? constantTensor(value) : undefined;
  return constant && isVector(constant, outputs) ? { kind: 'add', node: use.node, index, constant } : undefined;
}

function isVector({ size, dims }: Tensor, length: number): boolean {
  return size === length && dims.at(-1) === length;
}

/** The corrected bias in the shape and type that its place wants. */
function biasTensor(operator: LinearOperator, place: BiasPlace, bias: Float64Array): Tensor {
  const { dtype, weightLayout } = operator;
  if (place.kind !== 'add')
    return fromFloat64(
      bias,
      place.kind === 'new-add' && weightLayout === 'rows' ? [bias.length, 1] : [bias.length],
      dtype,
    );
  const old = toFloat64(place.constant);
  return fromFloat64(
    bias.map((value, t) => value + (old[t] as number)),
    place.constant.dims,
    dtype,
  );
}
