export { addGram } from './add-gram.ts';
export type { LeastSquaresFit, LeastSquaresFitOptions, Metric } from './alternating-least-squares.ts';
export { alternatingLeastSquares } from './alternating-least-squares.ts';
export type { Blas, GemmOptions, RealArray } from './blas.ts';
export { blockExactCount } from './block-exact.ts';
export type { Blocks } from './block-term.ts';
export { blockTerm, blockTermErrors } from './block-term.ts';
export type { BlockedCholesky } from './blocked-cholesky.ts';
export { blockedCholesky, blockedInverse, blockedSolve, blockedSolveLower } from './blocked-cholesky.ts';
export type { CalibratedCpOptions } from './calibrated-cp.ts';
export { calibratedCp, cpErrors } from './calibrated-cp.ts';
export type { CalibratedSplitOptions } from './calibrated-split.ts';
export { calibratedSplit } from './calibrated-split.ts';
export type { CalibratedTarget, CalibratedTargetOptions } from './calibrated-target.ts';
export { calibratedTarget, ridgedGram } from './calibrated-target.ts';
export type { CalibratedTrainOptions } from './calibrated-train.ts';
export { calibratedTrain } from './calibrated-train.ts';
export type { CalibratedTuckerOptions } from './calibrated-tucker.ts';
export { calibratedTucker2 } from './calibrated-tucker.ts';
export type { CholeskyFactor } from './cholesky.ts';
export { cholesky, choleskySolve } from './cholesky.ts';
export type { Slice } from './contract.ts';
export { contract, contractRange, contractSlices } from './contract.ts';
export type { CpOptions } from './cp.ts';
export { cp, cpExactRank } from './cp.ts';
export type { Evbmf, EvbmfOptions } from './evbmf.ts';
export { evbmf } from './evbmf.ts';
export type { BlockTermOptions } from './fit-blocks.ts';
export { frobeniusNorm, sumOfSquares } from './frobenius-norm.ts';
export { gradient } from './gradient.ts';
export { gramMatrix } from './gram-matrix.ts';
export { type KernelMetric, normInMetric, quadraticForm } from './kernel-metric.ts';
export type { Spectrum } from './kernel-spectra.ts';
export { kernelSpectra, truncationErrors } from './kernel-spectra.ts';
export type { LeastSquaresOptions, LeastSquaresProblem } from './least-squares.ts';
export { leastSquares } from './least-squares.ts';
export type { MetricFitOptions } from './metric-fit.ts';
export { correctedBias, fitError, heldBackError, predictedOutputError } from './moment-errors.ts';
export type { GroupMoments, HeldBackRows, Moments } from './moments.ts';
export type { NdArray, RealNdArray } from './nd-array.ts';
export { elementCount } from './nd-array.ts';
export {
  kernelAxes,
  type OutputAxes,
  type OutputMetric,
  outputMetric,
  outputStretch,
  unweighOutputs,
  weighOutputs,
} from './output-metric.ts';
export { permuteAxes } from './permute-axes.ts';
export { plainBlas } from './plain-blas.ts';
export type { Qr } from './qr.ts';
export { qr, tallQr } from './qr.ts';
export type { ReadBetweenOptions } from './read-between.ts';
export { readBetween } from './read-between.ts';
export type { RemovalOptions, RemovalOrder, RemovalReader, RemovalStops } from './removal-order.ts';
export { removalOrder } from './removal-order.ts';
export { type KeptSides, type KernelSizes, restrictMoments } from './restrict-moments.ts';
export type { SeededRandom } from './seeded-random.ts';
export { seededRandom } from './seeded-random.ts';
export { splitErrors } from './split-errors.ts';
export type { SplitSvd } from './split-svd.ts';
export { splitSvd } from './split-svd.ts';
export type { SymmetricEigen, SymmetricEigenOptions } from './symmetric-eigen.ts';
export { symmetricEigen } from './symmetric-eigen.ts';
export { symmetricPower } from './symmetric-power.ts';
export type { FactorSpec, Factors, Fit, TensorNetwork } from './tensor-network.ts';
export { checkFactors, checkNetwork, indexSize, indexSizes, parameterCount } from './tensor-network.ts';
export { tensorTrain } from './tensor-train.ts';
export type { ThinSvd } from './thin-svd.ts';
export { singularValues, thinSvd } from './thin-svd.ts';
export { transpose } from './transpose.ts';
export type { TuckerOptions, TuckerRanks } from './tucker.ts';
export { tucker2 } from './tucker.ts';
export { tuckerErrors } from './tucker-errors.ts';
export { fold, modeProduct, unfold } from './unfold.ts';
export { validatedTarget } from './validated-target.ts';
export { whitenedKernel } from './whitened-kernel.ts';
