import { halfRanks } from './half-ranks.js';
import { networkDecoupling } from './network-decoupling.js';

export default [halfRanks, networkDecoupling];
