/** Chooses one option for each node so that the sum of errors is least and the sums of costs stay within budgets. */
export { type Allocation, allocate } from './allocate.ts';
export { lowerHull } from './lower-hull.ts';
export type { Option } from './option.ts';
