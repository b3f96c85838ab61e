import type { Graph } from '../ir/index.ts';
import type { GraphProto, TensorAnnotation } from '../wire/index.ts';
import { fieldsOf } from './leftover.ts';

export interface AnnotationExtras {
  /** Names that an annotation spoke of and the graph defined, when it was read. */
  readonly annotated?: ReadonlySet<string>;
}

/** Remembers which annotations had their tensor: some files annotate what is not there, and that is kept as well. */
export function readAnnotations(message: GraphProto, graph: Graph): AnnotationExtras {
  const names = message.quantizationAnnotation?.map(({ tensorName = '' }) => tensorName) ?? [];
  if (names.length === 0) return {};
  const defined = definedNames(graph);
  return { annotated: new Set(names.filter((name) => defined.has(name))) };
}

/** The field of quantization annotations, without those of tensors that went; nothing where there were none. */
export function annotationMessages(graph: Graph): Pick<GraphProto, 'quantizationAnnotation'> {
  const { annotated } = (graph.extras ?? {}) as AnnotationExtras;
  const { quantizationAnnotation } = fieldsOf(graph.extras) as Pick<GraphProto, 'quantizationAnnotation'>;
  if (!quantizationAnnotation || !annotated) return {};
  const defined = definedNames(graph);
  const holds = ({ tensorName = '' }: TensorAnnotation) => !annotated.has(tensorName) || defined.has(tensorName);
  return { quantizationAnnotation: quantizationAnnotation.filter(holds) };
}

function definedNames(graph: Graph): ReadonlySet<string> {
  const results = graph.nodes.flatMap(({ outputs }) => outputs.filter((value) => value !== null));
  return new Set([...graph.inputs, ...graph.initializers, ...results].map(({ name }) => name));
}
