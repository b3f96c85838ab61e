"""Writes shape-inference.json: what onnx.shape_inference knows of the standard's backend tests and the test corpus.

    pip install onnx==1.20.1
    python test/oracle/shape-inference.py ../shared/corpus

Declared types of intermediate values and outputs are removed first, so that only what follows from the inputs is left.
Of the backend tests every inferred tensor of the main graph is kept; of the other models those that Conv,
ConvTranspose, Gemm and MatMul read and write. A shape reads `float32[2,N,?]`; symbols that the inference made up
(unk__0) are `?`. `declared` holds the output shapes that the files state, which are what running the model gives,
where they say something else than the inference.
"""

import glob
import json
import os
import re
import sys

import onnx
from onnx import TensorProto

LINEAR = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
NAMES = {"float": "float32", "double": "float64"}


def text(type_proto):
    if type_proto.WhichOneof("value") != "tensor_type":
        return None
    tensor = type_proto.tensor_type
    if tensor.elem_type == 0 or not tensor.HasField("shape"):
        return None
    name = TensorProto.DataType.Name(tensor.elem_type).lower()
    dims = [
        str(d.dim_value) if d.HasField("dim_value") else d.dim_param if d.dim_param and not re.match(r"unk__\d+$", d.dim_param) else "?"
        for d in tensor.shape.dim
    ]
    return f"{NAMES.get(name, name)}[{','.join(dims)}]"


def inferred(path):
    model = onnx.load(path, load_external_data=False)
    declared = {v.name: t for v in model.graph.output if (t := text(v.type))}
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.ClearField("type")
    result = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    found = {v.name: t for v in [*result.value_info, *result.output] if (t := text(v.type))}
    linear = {n for node in result.node if node.op_type in LINEAR for n in [node.input[0], node.output[0]]}
    return found, declared, linear


def main(corpus):
    backend, models = {}, {}
    for path in sorted(glob.glob(os.path.join(corpus, "**", "*.onnx"), recursive=True)):
        name = os.path.relpath(path, corpus)
        try:
            found, declared, linear = inferred(path)
        except Exception as error:
            print("skipped", name, str(error).splitlines()[0], file=sys.stderr)
            continue
        if name.endswith("/model.onnx"):
            key = name.removeprefix("onnx-backend-tests/").removesuffix("/model.onnx")
            more = {value: shape for value, shape in declared.items() if found.get(value) != shape}
            backend[key] = {"inferred": found, "declared": more}
        else:
            models[name] = {value: shape for value, shape in found.items() if value in linear}
    with open(os.path.join(os.path.dirname(__file__), "shape-inference.json"), "w") as out:
        out.write('{"backend":{\n')
        out.write(",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in backend.items()))
        out.write('\n},"models":{\n')
        out.write(",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in models.items()))
        out.write("\n}}\n")


main(sys.argv[1])
