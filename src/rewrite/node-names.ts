import type { Graph, Model, Node } from '../ir/index.ts';

/**
 * The names by which plans and reports know nodes: a node's own where that is unique, otherwise its first output's.
 * Those in functions come after the function's (`domain::Function/conv`). What is still the same twice, as in two
 * branches of an If, is numbered in file order: `conv`, `conv#2`.
 *
 * @param known names that stand already; a pass may have added nodes since
 */
export function nodeNames(model: Model, known: ReadonlyMap<Node, string> = new Map()): ReadonlyMap<Node, string> {
  const names = new Map(known);
  const taken = new Set(known.values());
  const pending = [...placedNodes(model)].filter(({ node }) => !names.has(node));
  const counts = new Map<string, number>();
  for (const { node, place } of pending) counts.set(place + node.name, (counts.get(place + node.name) ?? 0) + 1);
  const isUnique = ({ node, place }: PlacedNode) => node.name !== '' && counts.get(place + node.name) === 1;
  const give = (node: Node, wanted: string) => {
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}#${number}`;
    taken.add(name);
    names.set(node, name);
  };
  for (const item of pending) if (isUnique(item)) give(item.node, item.place + item.node.name);
  for (const item of pending)
    if (!isUnique(item)) give(item.node, item.place + (firstOutput(item.node) ?? item.node.name));
  return names;
}

interface PlacedNode {
  readonly node: Node;
  /** '' in the main graph and the graphs inside it, `domain::Function/` in a function. */
  readonly place: string;
}

function* placedNodes(model: Model): Generator<PlacedNode> {
  for (const node of allNodes(model.graph)) yield { node, place: '' };
  for (const { domain, name, body } of model.functions) {
    for (const node of allNodes(body)) yield { node, place: `${domain}::${name}/` };
  }
}

function firstOutput(node: Node): string | undefined {
  return node.outputs.find((value) => value !== null)?.name;
}

/** All Conv, ConvTranspose, Gemm and MatMul nodes: of the graph, of the graphs inside it, and of functions. */
export function linearNodes(model: Model): readonly Node[] {
  return [...placedNodes(model)]
    .map(({ node }) => node)
    .filter((node) => node.is('Conv', 'ConvTranspose', 'Gemm', 'MatMul'));
}

/** Nodes of the graph and of all graphs inside it, in file order. */
export function* allNodes(graph: Graph): Generator<Node> {
  const pending = [graph];
  for (let next = pending.pop(); next; next = pending.pop()) {
    for (const node of next.nodes) {
      yield node;
      pending.push(...node.subgraphs);
    }
  }
}
