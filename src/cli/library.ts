import * as pipeline from '../pipeline/index.ts';
import type { Engine } from './engine.ts';

/** The library as the command sees it. */
export const library: Engine = {
  ...pipeline,
  version: pipeline.tool.version,
  passes: pipeline.loadPasses,
};
