import type { z } from 'zod';
import type { Graph, Node } from '../ir/index.ts';
import type { CandidateSpace, RankChoice } from './candidate.ts';
import type { PassContext } from './context.ts';
import type { Decomposition } from './decomposition.ts';
import type { Editor } from './editor.ts';
import type { LinearOperator } from './linear-operator.ts';
import type { PruneRule } from './prune-rule.ts';
import type { Skip } from './skip.ts';

interface PassBase<Options> {
  /** Kebab-case; stands in pipelines, plans and --help. */
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  /** DOI or arXiv id of the method. */
  readonly reference?: string;
  /** One source for types, defaults, command line, JSON Schema and docs. */
  readonly options: z.ZodType<Options>;
}

/** Rewrites the pattern around one node into an equal one: batch-norm into Conv, auto_pad into pads. */
export interface PatternPass<Options = unknown, Match = unknown> extends PassBase<Options> {
  readonly kind: 'canonicalize';
  /** null: not my operator. Never mutates. */
  match(node: Node, context: PassContext<Options>): Match | Skip | null;
  /** Decides nothing any more. */
  rewrite(match: Match, edit: Editor, context: PassContext<Options>): void;
}

/** Removes filters, and what reads them with them, from the groups of channels that go together. */
export interface PrunePass<Options = unknown> extends PassBase<Options> {
  readonly kind: 'prune';
  rule(options: Options): PruneRule;
}

/** Tidies a whole graph: dead nodes, identical initializers. */
export interface CleanupPass<Options = unknown> extends PassBase<Options> {
  readonly kind: 'cleanup';
  run(graph: Graph, edit: Editor, context: PassContext<Options>): void;
}

/** Chooses ranks for the factorize passes that follow it, up to the next rank pass. */
export interface RankPass<Options = unknown> extends PassBase<Options> {
  readonly kind: 'rank';
  /**
   * @param spaces what each following factorize pass could make of the node, in pipeline order, never empty. A rule
   * that does not compare methods answers for the first.
   */
  choose(spaces: readonly CandidateSpace[], context: PassContext<Options>): Promise<RankChoice | Skip>;
}

/** Splits one linear operator into a chain of smaller ones. */
export interface FactorizePass<Options = unknown> extends PassBase<Options> {
  readonly kind: 'factorize';
  /** null: not my kind of operator. Says what the decomposition is; numbers come when its `fit` is called. */
  match(operator: LinearOperator, context: PassContext<Options>): Decomposition | Skip | null;
}

/** Methods are compared bivariantly, so a pass with options of any type is one of these. */
export type Pass = PatternPass | PrunePass | CleanupPass | RankPass | FactorizePass;
