/** What operators and their replacements cost in time on this machine: measured, and modelled where they are not. */
export { type CalibrateOptions, calibrateTimeModel, type TimeModel } from './calibrate-time-model.ts';
export { type FitOptions, type FittedModel, fitTimeModel, type TimedSample } from './fit-time-model.ts';
export { measureModel } from './measure-model.ts';
export { type SizedStep, type TimedChain, type TimedStep, timedOperator } from './timed-step.ts';
