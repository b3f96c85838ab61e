/** What a model may cost before we refuse it. Counted on the wire, before objects are made. */
export interface Limits {
  /** Nodes in all graphs and functions together. */
  readonly nodes: number;
  /** Initializers, dense and sparse, in all graphs together. */
  readonly initializers: number;
  /** Graphs inside graphs; the main graph is the first. At most {@link deepest}. */
  readonly depth: number;
  /** Bytes of a name. Doc strings and metadata are not names. */
  readonly nameBytes: number;
  /** Elements of one tensor. */
  readonly elements: number;
  /** Messages of every kind together: each costs an object of about 100 bytes. */
  readonly messages: number;
}

/** What the call stack carries on the way in and out again. 1000 do not fit into Node's default. */
const deepest = 500;

/** The defaults, where nothing else is said. */
export function limitsOf(limits: Partial<Limits> = {}): Limits {
  const all = { ...defaultLimits, ...limits };
  return { ...all, depth: Math.min(all.depth, deepest) };
}

const defaultLimits: Limits = {
  nodes: 1_000_000,
  initializers: 1_000_000,
  depth: 33,
  nameBytes: 65_536,
  elements: 2 ** 40,
  messages: 20_000_000,
};
