import type { Graph, Value } from '../ir/index.ts';
import type { Places } from '../wire/index.ts';
import type { ExternalResolver } from './external-data.ts';

/** What stays the same while one model is read. */
export interface ReadContext {
  readonly places: Places;
  readonly external: ExternalResolver;
  /** Values that have their description. */
  readonly described: Set<Value>;
}

/** A graph being read and the names that it sees. */
export class Scope {
  readonly graph: Graph;
  readonly outer: Scope | undefined;
  readonly names = new Map<string, Value>();

  constructor(graph: Graph, outer: Scope | undefined) {
    this.graph = graph;
    this.outer = outer;
  }

  /** The nearest definition; a subgraph captures from the graphs around it. */
  find(name: string): Value | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.outer) {
      const value = scope.names.get(name);
      if (value) return value;
    }
    return undefined;
  }
}
