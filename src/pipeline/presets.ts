export type PresetName = 'safe' | 'balanced' | 'small';

/** What a name stands for: options that a user could have written. */
export interface Preset {
  readonly pipeline: string;
  /** As --max-error, where no goal is named. */
  readonly maxError?: number;
}

/** What changes nothing but the form: filters that do nothing go as well, at no loss. */
const before = 'fuse-batch-norm,prune-filters';

const cleanup = 'eliminate-dead-nodes,share-initializers';

/**
 * Methods to choose from under a goal. tensor-train is not among them, to save its fits: what it would win has not been
 * measured.
 */
const methods = 'svd,cp-split,spatial-svd,tucker-2,channel-svd,grouped-core';

/** Under --target, --max-drop, --max-kl or --max-error: what makes a model faster and its file a little larger may stay. */
export const goalPipeline = `pad-to-conv,${before},${methods},${cleanup}`;

export const presets: Readonly<Record<PresetName, Preset>> = {
  /**
   * Harms no model: per node the cheapest candidate whose weight error is at most 0.003, otherwise the node stays.
   * (Up to 0.01 a wide ResNet-50 saves 0.1 % and answers otherwise for 2.7 % of images; the networks with dead weights
   * among fifty save as much at 0.003.) cp-split is not among the methods: at that error it never won on trained networks,
   * and its fits take most of the time.
   */
  safe: {
    pipeline: `${before},error-ranks{max=0.003},svd,channel-svd,spatial-svd,tucker-2,tensor-train,${cleanup}`,
  },
  /** As little time as an outputError of 0.02 allows, on samples kept back: top-1 hardly moves. */
  balanced: { pipeline: goalPipeline, maxError: 0.02 },
  /** The same at 0.05: some points of top-1. */
  small: { pipeline: goalPipeline, maxError: 0.05 },
};
