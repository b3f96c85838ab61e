import { isRealDType, type Model } from '../ir/index.ts';
import { activationMemory, inferShapes } from '../onnx/index.ts';
import type { Shapes } from '../pass/index.ts';
import type { Report } from '../report/index.ts';
import { allNodes, type Environment, nodeMacs } from '../rewrite/index.ts';
import type { OutputModel } from './output-model.ts';
import type { Run } from './run.ts';

export interface ModelFacts {
  readonly model: Model;
  readonly shapes: Shapes;
  readonly inputShapes: Environment['inputShapes'];
  readonly file: string | undefined;
  readonly bytes: number;
  readonly sha256: string;
}

/** The input model of a run. */
export function factsOfInput({ loaded, sha256, resources }: Run): ModelFacts {
  return { ...factsOf(loaded.model, resources.environment), file: loaded.file, bytes: loaded.byteLength, sha256 };
}

/** A model that a run made. */
export function factsOfOutput({ model, byteLength, sha256 }: OutputModel, environment: Environment): ModelFacts {
  return { ...factsOf(model, environment), file: undefined, bytes: byteLength, sha256 };
}

function factsOf(model: Model, { inputShapes }: Environment): Pick<ModelFacts, 'model' | 'shapes' | 'inputShapes'> {
  return { model, inputShapes, shapes: inferShapes(model, inputShapes ? { inputShapes } : {}) };
}

/** What the report says of a model as a whole. */
export function summarize(facts: ModelFacts): Report['input'] {
  const { model, file, sha256, inputShapes } = facts;
  return {
    file: file ?? null,
    sha256,
    irVersion: model.irVersion,
    opsets: Object.fromEntries(model.opsetImports.map(({ domain, version }) => [domain || 'ai.onnx', version])),
    nodes: [...allNodes(model.graph)].length,
    ...costsOf(facts),
    activationBytes: activationMemory(model, inputShapes ? { inputShapes } : {}) ?? null,
  };
}

/** What a model costs but for time: what can be said of many models on the way to one. */
export function costsOf({ model, shapes, bytes }: ModelFacts): Pick<Report['input'], 'params' | 'macs' | 'bytes'> {
  return {
    params: parameterTotal(model),
    macs: [...allNodes(model.graph)].reduce<number | null>((sum, node) => plus(sum, nodeMacs(node, shapes)), 0),
    bytes,
  };
}

function plus(sum: number | null, macs: number | undefined): number | null {
  return sum === null || macs === undefined ? null : sum + macs;
}

/** Numbers in initializers and Constant nodes of real type: shapes and indices are no parameters. */
function parameterTotal(model: Model): number {
  const tensors = [...model.graph.initializers].map(({ tensor }) => tensor);
  for (const node of allNodes(model.graph)) {
    const value = node.is('Constant') ? node.attributes.get('value')?.value : undefined;
    if (value?.kind === 'tensor') tensors.push(value.value);
    for (const graph of node.subgraphs) for (const { tensor } of graph.initializers) tensors.push(tensor);
  }
  return tensors.reduce((sum, tensor) => sum + (tensor && isRealDType(tensor.dtype) ? tensor.size : 0), 0);
}
