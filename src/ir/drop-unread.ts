import type { Model } from './model.ts';
import type { Value } from './value.ts';

/**
 * Takes an initializer out of the graph. Up to IR 3 it is listed as a graph input too: it is no part of the interface and
 * goes with it. Later such an input is one that callers may feed: it stays, read or not.
 */
export function dropInitializer(model: Model, value: Value): void {
  const { graph } = model;
  if (model.isOverridable(value)) return;
  graph.initializers.delete(value);
  graph.valueInfo.delete(value);
  const index = graph.inputs.indexOf(value);
  if (index >= 0) graph.inputs.splice(index, 1);
}

/** Removes a value that nobody reads: an initializer, or the node of the main graph that makes nothing else, and so on up. */
export function dropUnread(model: Model, value: Value): void {
  const { graph } = model;
  if (value.uses.size > 0 || graph.isOutput(value)) return;
  if (value.isInitializer) {
    dropInitializer(model, value);
    return;
  }
  const { producer } = value;
  if (!producer || producer.graph !== graph) return;
  if (producer.outputs.some((output) => output && (output.uses.size > 0 || graph.isOutput(output)))) return;
  const inputs = producer.inputs.filter((input) => input !== null);
  for (const output of producer.outputs) if (output) graph.valueInfo.delete(output);
  graph.remove(producer);
  for (const input of inputs) dropUnread(model, input);
}
