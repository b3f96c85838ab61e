"""Writes npy.json: arrays as numpy writes them, base64, beside their values.

Run: pip install numpy && python npy.py
"""

import base64
import io
import json
from pathlib import Path

import numpy as np

random = np.random.default_rng(20260102)


def saved(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return base64.b64encode(file.getvalue()).decode()


def archived(write, **arrays):
    file = io.BytesIO()
    write(file, **arrays)
    return base64.b64encode(file.getvalue()).decode()


arrays = []
for code in ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
    for order in "<>":
        dtype = np.dtype(order + code)
        values = random.normal(0, 40, (3, 2, 4))
        if dtype.kind == "u" or dtype.kind == "b":
            values = np.abs(values)
        array = values.astype(dtype)
        for layout in "CF":
            arrays.append({
                "name": f"{dtype.str} {layout}", "dims": list(array.shape), "npy": saved(np.asarray(array, order=layout)),
                "values": [float(value) for value in array.ravel()],
            })
for version in [(1, 0), (2, 0), (3, 0)]:
    array = np.arange(5, dtype="<f4")
    arrays.append({
        "name": f"format {version[0]}.0", "dims": [5], "npy": saved(array, version), "values": array.tolist(),
    })

x = random.integers(0, 256, (6, 4, 5, 3)).astype(np.uint8)
y = random.integers(0, 10, 6).astype(np.int64)
archives = {
    "x": x.ravel().tolist(), "y": y.tolist(),
    "stored": archived(np.savez, x=x, y=y), "deflated": archived(np.savez_compressed, x=x, y=y),
}

Path(__file__).with_suffix(".json").write_text(json.dumps({"arrays": arrays, "archives": archives}) + "\n")
