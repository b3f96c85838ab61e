/** What goes through two models side by side: original and rewritten, operator by operator; and what is kept of it. */
export { type FactorsFile, readFactors, writeFactors } from './factors-file.ts';
export { measureGradientGrams, mostChannels } from './gradient-grams.ts';
export { type MomentsFile, readMoments, writeMoments } from './moments-file.ts';
export { type OpenLockstepOptions, openLockstep } from './open-lockstep.ts';
export { withOwnOutputs } from './own-outputs.ts';
export { invalidStatistics, type StatisticsOrigin, statisticsKind } from './statistics-file.ts';
