// Tests load ONNX Runtime in their own processes too, and those send nothing either.
process.env['ORT_DISABLE_TELEMETRY'] = '1';

/** @type {import('jest').Config} */
export default {
  testEnvironment: './test/environment.js',
  testEnvironmentOptions: { customExportConditions: ['onnx-tucker:source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  maxWorkers: 2,
  testTimeout: 120_000,
};
