/** Named pipelines. Each is a text that a user could have written. */
export const presets = {
  /**
   * Harms no model: per node the cheapest candidate whose weight error is at most 0.01, otherwise the node stays.
   * cp-split is not among them: at that error it never won on trained networks, and its fits take most of the time.
   */
  safe: [
    'fuse-batch-norm',
    'error-ranks{max=0.01}',
    'svd',
    'channel-svd',
    'spatial-svd',
    'tucker-2',
    'tensor-train',
    'eliminate-dead-nodes',
    'share-initializers',
  ].join(','),
} as const;

export type PresetName = keyof typeof presets;
