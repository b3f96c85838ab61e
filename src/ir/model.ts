import type { Extras } from './extras.ts';
import { Graph } from './graph.ts';
import type { Value } from './value.ts';

export interface OpsetImport {
  /** '' is the default domain. */
  readonly domain: string;
  readonly version: number;
  readonly extras?: Extras;
}

/** A model-local function: a named body of nodes. Kept and passed through; passes do not enter it. */
export interface FunctionDefinition {
  readonly domain: string;
  readonly name: string;
  readonly body: Graph;
  readonly extras: Extras;
}

/** An ONNX model. `extras` holds what is not interpreted, so that writing it back loses nothing. */
export class Model {
  irVersion: number;
  opsetImports: OpsetImport[] = [];
  graph: Graph;
  functions: FunctionDefinition[] = [];
  extras: Extras | undefined;

  constructor(irVersion: number, graph: Graph = new Graph('')) {
    this.irVersion = irVersion;
    this.graph = graph;
  }

  /** Opset version of a domain; undefined when the model does not import it. */
  opset(domain = ''): number | undefined {
    return this.opsetImports.find((item) => item.domain === domain)?.version;
  }

  /** Whether callers may feed something else than the initializer: up to IR 3 all of them are listed as graph inputs. */
  isOverridable(value: Value): boolean {
    return this.irVersion >= 4 && this.graph.isInput(value);
  }
}
