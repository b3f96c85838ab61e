"""Writes onnx-descriptor.json: every message, field and enum of the ONNX format as the Python package `onnx` has it.

Needs: pip install onnx==1.23.2
"""

import json
import pathlib

import onnx
from google.protobuf import descriptor_pb2
from onnx import onnx_ml_pb2

FIELD = descriptor_pb2.FieldDescriptorProto


def message(proto, prefix):
    name = f"{prefix}{proto.name}"
    fields = {
        field.name: {
            "number": field.number,
            "label": FIELD.Label.Name(field.label).removeprefix("LABEL_").lower(),
            "type": field.type_name.removeprefix(".onnx.") or FIELD.Type.Name(field.type).removeprefix("TYPE_").lower(),
            "packed": field.options.packed,
            "oneof": proto.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None,
        }
        for field in proto.field
    }
    yield name, fields
    for nested in proto.nested_type:
        yield from message(nested, f"{name}.")


def enums(proto, prefix=""):
    for enum in proto.enum_type:
        yield f"{prefix}{enum.name}", {value.name: value.number for value in enum.value}
    nested = proto.message_type if isinstance(proto, descriptor_pb2.FileDescriptorProto) else proto.nested_type
    for inner in nested:
        yield from enums(inner, f"{prefix}{inner.name}.")


def main():
    file = descriptor_pb2.FileDescriptorProto()
    onnx_ml_pb2.DESCRIPTOR.CopyToProto(file)
    messages = {name: fields for top in file.message_type for name, fields in message(top, "")}
    result = {"onnx": onnx.__version__, "messages": messages, "enums": dict(enums(file))}
    target = pathlib.Path(__file__).with_name("onnx-descriptor.json")
    target.write_text(json.dumps(result, indent=1) + "\n")


main()
