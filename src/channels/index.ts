/** Which channels of a model must be removed together, and their exact removal. */
export { type ChannelGroup, type ChannelGroups, channelGroups, type Member } from './channel-groups.ts';
export { losslessPruning, type Pruning, smallestUnits } from './prune-choices.ts';
export type { Frozen, FrozenCode } from './reason.ts';
export { removableUnits } from './removable.ts';
export { type Removal, type RemovalOptions, removeChannels } from './remove-channels.ts';
export { zeroChannels } from './zero-units.ts';
