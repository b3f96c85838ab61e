/** Which channels of a model must be removed together, and their exact removal. */
export { type ChannelGroup, type ChannelGroups, channelGroups, type Member } from './channel-groups.ts';
export { type Gone, goneBy, type ReadColumns, readColumns } from './channel-use.ts';
export type { Frozen, FrozenCode } from './reason.ts';
export { removableUnits } from './removable.ts';
export { type KeptChannels, type Removal, type RemovalOptions, removeChannels } from './remove-channels.ts';
export { filterNorms, type Idle, idleUnits } from './units.ts';
export { zeroChannels } from './zero-units.ts';
