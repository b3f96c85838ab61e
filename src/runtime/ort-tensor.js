/** Tensors of the binding to ONNX Runtime and ours, one as the other. */

/** @typedef {typeof import('onnxruntime-node')} Ort */
/** @typedef {import('onnxruntime-node').Tensor} Tensor */

/**
 * @param {Ort} ort
 * @param {import('./types.ts').RuntimeTensor} tensor
 * @returns {Tensor}
 */
export function toOrtTensor(ort, { dtype, data, dims }) {
  // The constructor tells apart by overloads what we know only as a union; it checks type against data itself.
  const create = /** @type {new (type: string, data: unknown, dims: readonly number[]) => Tensor} */ (
    /** @type {unknown} */ (ort.Tensor)
  );
  return new create(dtype, data, dims);
}

/**
 * @param {Tensor} tensor
 * @returns {import('./types.ts').RuntimeTensor}
 */
export function fromOrtTensor({ type, dims, data }) {
  // Where the engine has Float16Array, the binding uses it; across processes its bits travel as Uint16Array.
  const bits =
    type === 'float16' && ArrayBuffer.isView(data)
      ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
      : data;
  return { dtype: type, dims, data: /** @type {import('./types.ts').RuntimeData} */ (bits) };
}
