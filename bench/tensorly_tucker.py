"""Tucker-2 of a model's k×k convolutions with tensorly, as one would do it in Python: read, VBMF ranks, HOOI, write.

    tensorly_tucker.py MODEL RANKS.json OUTPUT [TOLERANCE]     pip: numpy, onnx, scipy, tensorly, threadpoolctl

MODEL has its batch-norms folded already. RANKS.json maps node names to [R4, R3]; VBMF runs on every k×k convolution, but
partial_tucker takes the ranks of the file, so that both sides of a comparison fit the same thing. TOLERANCE is the change
of the relative error at which HOOI stops; tensorly's own default, 1e-4, stops well before convergence. Prints JSON: seconds
per stage (imports excluded), the weight error of each node, and the ranks that VBMF found here.
"""

import json
import sys
from math import ceil, log, sqrt
from time import perf_counter

import numpy as np
import onnx
import tensorly as tl
from onnx import helper, numpy_helper
from scipy.optimize import minimize_scalar
from tensorly.decomposition import partial_tucker
from threadpoolctl import threadpool_info


def vbmf_rank(matrix):
    """Rank of the analytic solution of empirical VBMF (Nakajima et al., JMLR 14, 2013), noise by search on log σ²."""
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    rows, columns = matrix.shape
    s = np.linalg.svd(matrix, compute_uv=False)
    s2 = np.maximum(s / s[0], 1e-9) ** 2
    alpha = rows / columns
    tau = 2.5129 * sqrt(alpha)
    edge = (1 + tau) * (1 + alpha / tau)
    tail = s2[min(ceil(rows / (1 + alpha)) - 1, rows) :]
    lower, upper = max(tail[0] / (columns * edge), tail.mean() / columns), s2.sum() / (rows * columns)

    def energy(log_sigma2):
        x = s2 / (columns * np.exp(log_sigma2))
        big = x[x > edge]
        shifted = big - 1 - alpha
        tau = (shifted + np.sqrt(np.maximum(0, shifted**2 - 4 * alpha))) / 2
        return np.sum(x - np.log(x)) + np.sum(np.log(tau + 1) + alpha * np.log(tau / alpha + 1) - tau)

    best = minimize_scalar(energy, bounds=(log(lower), log(upper)), method="bounded")
    return int(np.sum(s2 > columns * np.exp(best.x) * edge))


def unfold(kernel, mode):
    return np.moveaxis(kernel, mode, 0).reshape(kernel.shape[mode], -1)


def convolutions(model):
    """(node, kernel float64[T, S, kh, kw]) of ungrouped convolutions larger than 1×1."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1] not in tensors:
            continue
        kernel = numpy_helper.to_array(tensors[node.input[1]]).astype(np.float64)
        group = next((a.i for a in node.attribute if a.name == "group"), 1)
        if group == 1 and np.prod(kernel.shape[2:]) > 1:
            yield node, kernel


def replace(model, replacements):
    """Conv(k×k) → Conv(1×1) · Conv(core k×k) · Conv(1×1)."""
    nodes = []
    for node in model.graph.node:
        if node.name not in replacements:
            nodes.append(node)
            continue
        core, (output, input_) = replacements[node.name]
        name, (source, _, *bias), [target] = node.name, node.input, node.output
        weights = {"in": input_.T[:, :, None, None], "core": core, "out": output[:, :, None, None]}
        for part, array in weights.items():
            model.graph.initializer.append(numpy_helper.from_array(array.astype(np.float32), f"{name}/{part}"))
        nodes += [
            helper.make_node("Conv", [source, f"{name}/in"], [f"{name}/1"]),
            helper.make_node("Conv", [f"{name}/1", f"{name}/core"], [f"{name}/2"]),
            helper.make_node("Conv", [f"{name}/2", f"{name}/out", *bias], [target]),
        ]
        nodes[-2].attribute.extend(a for a in node.attribute if a.name != "kernel_shape")
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    read = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def main(model_file, ranks_file, output_file, tolerance="1e-7"):
    with open(ranks_file) as file:
        ranks = json.load(file)
    started = perf_counter()
    model = onnx.load(model_file)
    loaded = perf_counter()
    found, errors, replacements = {}, {}, {}
    vbmf_seconds = 0.0
    for node, kernel in convolutions(model):
        before = perf_counter()
        found[node.name] = [vbmf_rank(unfold(kernel, 0)), vbmf_rank(unfold(kernel, 1))]
        vbmf_seconds += perf_counter() - before
        if node.name in ranks:
            fit, _ = partial_tucker(
                kernel, rank=ranks[node.name], modes=[0, 1], init="svd", svd="truncated_svd", tol=float(tolerance)
            )
            replacements[node.name] = fit
    fitted = perf_counter()
    replace(model, replacements)
    onnx.save(model, output_file)
    written = perf_counter()

    for node, kernel in ((n, k) for n, k in convolutions(onnx.load(model_file)) if n.name in replacements):
        core, factors = replacements[node.name]
        approximation = tl.tenalg.multi_mode_dot(core, factors, modes=[0, 1])
        errors[node.name] = float(np.linalg.norm(approximation - kernel) / np.linalg.norm(kernel))
    seconds = {
        "read": loaded - started,
        "vbmf": vbmf_seconds,
        "tucker": fitted - loaded - vbmf_seconds,
        "write": written - fitted,
        "total": written - started,
    }
    blas = [f"{lib['internal_api']} {lib['version']} {lib.get('architecture')}" for lib in threadpool_info()]
    print(json.dumps({"seconds": seconds, "errors": errors, "vbmfRanks": found, "blas": sorted(blas)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
