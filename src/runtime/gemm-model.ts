/**
 * The ONNX model C = op(A)·op(B): one Gemm node with symbolic dims, IR 7, opset 13, as protobuf bytes.
 *
 * Written byte by byte (field numbers of onnx.proto beside each field), because 200 bytes that never change do not
 * need the codec, which reads and writes other people's models.
 */
export interface GemmModel {
  readonly precision: 'float32' | 'float64';
  readonly transA: boolean;
  readonly transB: boolean;
}

type Bytes = readonly number[];

const elementType = { float32: 1, float64: 11 } as const;

export function gemmModel({ precision, transA, transB }: GemmModel): Uint8Array {
  const node = message(1, [
    ...text(1, 'A'), // NodeProto.input
    ...text(1, 'B'),
    ...text(2, 'C'), // output
    ...text(4, 'Gemm'), // op_type
    ...intAttribute('transA', transA),
    ...intAttribute('transB', transB),
  ]);
  const graph = message(7, [
    ...node,
    ...text(2, 'gemm'), // GraphProto.name
    ...matrix(11, 'A', precision, transA ? ['k', 'm'] : ['m', 'k']), // input
    ...matrix(11, 'B', precision, transB ? ['n', 'k'] : ['k', 'n']),
    ...matrix(12, 'C', precision, ['m', 'n']), // output
  ]);
  const opset = message(8, integer(2, 13)); // ModelProto.opset_import, OperatorSetIdProto.version
  return Uint8Array.from([...integer(1, 7), ...graph, ...opset]); // ModelProto.ir_version
}

/** NodeProto.attribute: name, i, type = INT. */
function intAttribute(name: string, value: boolean): Bytes {
  return message(5, [...text(1, name), ...integer(3, Number(value)), ...integer(20, 2)]);
}

/** ValueInfoProto: name, type.tensor_type{elem_type, shape.dim[].dim_param}. */
function matrix(field: number, name: string, precision: GemmModel['precision'], dims: readonly string[]): Bytes {
  const shape = message(
    2,
    dims.flatMap((dim) => message(1, text(2, dim))),
  );
  const tensorType = message(1, [...integer(1, elementType[precision]), ...shape]);
  return message(field, [...text(1, name), ...message(2, tensorType)]);
}

function integer(field: number, value: number): Bytes {
  return [...varint(field * 8), ...varint(value)];
}

function text(field: number, value: string): Bytes {
  return message(field, [...new TextEncoder().encode(value)]);
}

function message(field: number, content: Bytes): Bytes {
  return [...varint(field * 8 + 2), ...varint(content.length), ...content];
}

function varint(value: number): Bytes {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
