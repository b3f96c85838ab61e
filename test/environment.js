import NodeEnvironmentModule from 'jest-environment-node';

const NodeEnvironment = NodeEnvironmentModule.default ?? NodeEnvironmentModule;
const typedArrays = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  ArrayBuffer,
  SharedArrayBuffer,
  Error,
];

/** jest gives each test file its own realm; native add-ons only accept the typed arrays of the main one. */
export default class TypedArrayEnvironment extends NodeEnvironment {
  /** @override */
  async setup() {
    await super.setup();
    for (const type of typedArrays) this.global[type.name] = type;
  }
}
