"""Factorizes a model's k×k convolutions with tensorly and puts the product of the factors in the kernel's place.

    tensorly_peers.py MODEL RANKS.json tucker-2|spatial-svd|cp-split OUTPUT [SEED]     pip: numpy, onnx, tensorly

The kernel that the factors amount to gives the same outputs as the chain of convolutions, so accuracies can be compared;
sizes and times cannot. RANKS.json maps node names to ranks by symbol: R3 and R4 for tucker-2, R for the others. Each fit
runs until the relative error moves by less than 1e-7, at most 500 sweeps. Prints JSON: the weight error of each node.

    tucker-2       partial_tucker over both channel modes, HOOI from the HOSVD
    cp-split       parafac of [T, S, kh·kw]: 1×1, depthwise k×k, 1×1
    spatial-svd    truncated_svd of the [T·kw, S·kh] unfolding
"""

import json
import sys

import numpy as np
import onnx
import tensorly as tl
from onnx import numpy_helper
from tensorly.decomposition import parafac, partial_tucker
from tensorly.tenalg.svd import truncated_svd
from tensorly_tucker import convolutions

LIMITS = {"tol": 1e-7, "n_iter_max": 500}


def tucker_2(kernel, ranks, _):
    outputs, inputs, *_ = kernel.shape
    wanted = [ranks.get("R4", outputs), ranks.get("R3", inputs)]
    (core, factors), _ = partial_tucker(kernel, rank=wanted, modes=[0, 1], init="svd", **LIMITS)
    return tl.tenalg.multi_mode_dot(core, factors, modes=[0, 1])


def cp_split(kernel, ranks, seed):
    outputs, inputs, *_ = kernel.shape
    cp = parafac(kernel.reshape(outputs, inputs, -1), ranks["R"], init="svd", random_state=seed, **LIMITS)
    return tl.cp_to_tensor(cp).reshape(kernel.shape)


def spatial_svd(kernel, ranks, _):
    outputs, inputs, height, width = kernel.shape
    matrix = kernel.transpose(0, 3, 1, 2).reshape(outputs * width, inputs * height)
    u, s, v = truncated_svd(matrix, ranks["R"])
    return ((u * s) @ v).reshape(outputs, width, inputs, height).transpose(0, 2, 3, 1)


METHODS = {"tucker-2": tucker_2, "cp-split": cp_split, "spatial-svd": spatial_svd}


def main(model_file, ranks_file, method, output_file, seed="0"):
    with open(ranks_file) as file:
        ranks = json.load(file)
    model = onnx.load(model_file)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    errors = {}
    for node, kernel in convolutions(model):
        if node.name not in ranks:
            continue
        fit = METHODS[method](kernel, ranks[node.name], int(seed))
        errors[node.name] = float(np.linalg.norm(fit - kernel) / np.linalg.norm(kernel))
        name = node.input[1]
        tensors[name].CopyFrom(numpy_helper.from_array(fit.astype(np.float32), name))
    onnx.save(model, output_file)
    print(json.dumps({"errors": errors}))


if __name__ == "__main__":
    main(*sys.argv[1:])
