import type { Graph } from '../../ir/index.ts';
import { commonShape } from './dims.ts';
import { type Fact, numbersOf } from './fact.ts';
import { graphOf, inputOf, type OperatorCall, type OperatorRule } from './operator-call.ts';

/** What both facts agree on. */
function common(a: Fact, b: Fact): Fact {
  return { dtype: a.dtype === b.dtype ? a.dtype : undefined, shape: commonShape(a.shape, b.shape) };
}

/** The branch taken where the condition is known; otherwise what both branches agree on. */
export const conditional: OperatorRule = (call) => {
  const [then, otherwise] = ['then_branch', 'else_branch'].map((name) => {
    const graph = graphOf(call, name);
    return graph ? call.inferGraph(graph, []) : [];
  });
  const condition = numbersOf(inputOf(call, 0))?.[0];
  if (condition !== undefined) return (condition === 0 ? otherwise : then) ?? [];
  return (then ?? []).map((fact, index) => common(fact, otherwise?.[index] ?? {}));
};

/**
 * Loop(trip count, condition, carried…) → (carried…, collected…). The shape of what is carried is what stays the same
 * from turn to turn.
 */
export const loop: OperatorRule = (call) => {
  const body = graphOf(call, 'body');
  if (!body) return [];
  const scalars: readonly Fact[] = [
    { dtype: 'int64', shape: [] },
    { dtype: 'bool', shape: [] },
  ];
  const { carried, outputs } = settle(call, body, call.inputs.slice(2).map(withoutData), scalars, 1);
  const collected = outputs.slice(1 + carried.length);
  return [...carried, ...collected.map(({ dtype, shape }) => ({ dtype, shape: shape && [undefined, ...shape] }))];
};

/** Scan(state…, sequences…): the body sees one slice of each sequence and gives one of each output. */
export const scan: OperatorRule = (call) => {
  const body = graphOf(call, 'body');
  const sequences = call.node.int('num_scan_inputs', 0);
  // Until opset 8 there is a batch axis in front; what is known of such graphs is what the file says.
  if (!body || call.opset < 9) return [];
  const states = call.inputs.length - sequences;
  const axes = call.node.ints('scan_input_axes');
  const slices = call.inputs.slice(states).map(({ dtype, shape }, index) => {
    const axis = axisFrom(axes?.[index], shape?.length);
    return { dtype, length: shape?.[axis], shape: shape?.filter((_, at) => at !== axis) };
  });
  const { carried, outputs } = settle(call, body, call.inputs.slice(0, states).map(withoutData), slices, 0, true);
  const outputAxes = call.node.ints('scan_output_axes');
  const collected = outputs.slice(states).map(({ dtype, shape }, index) => {
    const axis = axisFrom(outputAxes?.[index], shape && shape.length + 1);
    return { dtype, shape: shape && [...shape.slice(0, axis), slices[0]?.length, ...shape.slice(axis)] };
  });
  return [...carried, ...collected];
};

function axisFrom(axis = 0, rank = 0): number {
  return axis < 0 ? axis + rank : axis;
}

function withoutData({ dtype, shape }: Fact): Fact {
  return { dtype, shape };
}

/**
 * Infers the body until what goes in is what comes out. Each turn only forgets, one rank or one dim at least, so that
 * this ends; two turns are enough nearly always, and after four everything carried is taken for unknown.
 */
function settle(
  { inferGraph }: OperatorCall,
  body: Graph,
  initial: readonly Fact[],
  others: readonly Fact[],
  skippedOutputs: number,
  statesFirst = false,
): { readonly carried: readonly Fact[]; readonly outputs: readonly Fact[] } {
  let carried = initial;
  for (let turn = 0; ; turn++) {
    const outputs = inferGraph(body, statesFirst ? [...carried, ...others] : [...others, ...carried]);
    const next = carried.map((fact, index) => common(fact, outputs[index + skippedOutputs] ?? {}));
    if (turn > 4 || next.every((fact, index) => sameFact(fact, carried[index]))) return { carried: next, outputs };
    carried = turn === 4 ? next.map(({ dtype }) => ({ dtype })) : next;
  }
}

function sameFact(a: Fact, b: Fact | undefined): boolean {
  return a.dtype === b?.dtype && JSON.stringify(a.shape) === JSON.stringify(b?.shape);
}
