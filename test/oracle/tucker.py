"""Weight errors of tensorly's HOOI (partial_tucker) and CP (parafac) on kernels that the tests rebuild bit for bit.

    pip install numpy==2.4.6 tensorly==0.10.0
    OPENBLAS_NUM_THREADS=1 python test/oracle/tucker.py

Writes tucker.json and cp.json beside this file. A kernel is a sum of `terms` random rank-1 tensors whose weights decay,
plus noise; its numbers come from a 32-bit linear congruential generator, which both languages step alike.
"""

import json
import pathlib

import numpy as np
import tensorly as tl
from tensorly.decomposition import parafac, partial_tucker

HERE = pathlib.Path(__file__).parent


class Lcg:
    """x ← 1664525·x + 1013904223 mod 2³²; values (x / 2³² − ½)."""

    def __init__(self, seed):
        self.state = seed

    def values(self, shape):
        count = int(np.prod(shape))
        out = np.empty(count)
        for i in range(count):
            self.state = (1664525 * self.state + 1013904223) % 2**32
            out[i] = self.state / 2**32 - 0.5
        return out.reshape(shape)


def kernel(seed, dims, terms, noise):
    random = Lcg(seed)
    weights = np.zeros(int(np.prod(dims)))
    for j in range(terms):
        vectors = [random.values((size,)) for size in dims]
        term = vectors[0]
        for vector in vectors[1:]:
            term = (term[..., None] * vector).reshape(-1)
        weights = weights + term / (1 + j)
    return (weights + noise * random.values(weights.shape)).reshape(dims)


def relative_error(approximation, tensor):
    return float(np.linalg.norm(approximation - tensor) / np.linalg.norm(tensor))


TUCKER = [
    # seed, [T, S, kh, kw], terms, noise, [R4, R3]
    (1, (8, 8, 3, 3), 6, 0.02, (4, 4)), (2, (16, 12, 3, 3), 10, 0.05, (5, 7)), (3, (12, 16, 3, 3), 10, 0.05, (3, 9)),
    (4, (16, 16, 3, 3), 12, 0.1, (8, 8)), (5, (32, 16, 3, 3), 20, 0.02, (10, 6)), (6, (16, 32, 3, 3), 20, 0.02, (9, 12)),
    (7, (32, 32, 3, 3), 30, 0.02, (8, 8)), (8, (32, 32, 3, 3), 30, 0.2, (16, 16)), (9, (24, 24, 5, 5), 20, 0.05, (7, 9)),
    (10, (20, 10, 1, 7), 15, 0.05, (6, 4)), (11, (48, 32, 3, 3), 40, 0.05, (12, 10)), (12, (64, 64, 3, 3), 60, 0.02, (20, 24)),
    (13, (64, 64, 3, 3), 60, 0.5, (32, 28)), (14, (64, 3, 7, 7), 20, 0.05, (16, 2)), (15, (96, 64, 3, 3), 80, 0.02, (30, 20)),
    (16, (64, 128, 3, 3), 80, 0.05, (24, 30)), (17, (128, 128, 3, 3), 100, 0.02, (40, 36)), (18, (128, 128, 3, 3), 100, 1.0, (64, 64)),
    (19, (40, 40, 2, 2), 30, 0.05, (13, 11)), (20, (72, 60, 3, 1), 50, 0.02, (18, 17)),
]

CP = [
    # seed, [T, S, kh, kw], terms, noise, R, form
    (1, (8, 8, 3, 3), 6, 0.02, 4, "joint"), (2, (12, 10, 3, 3), 10, 0.05, 6, "joint"), (3, (16, 16, 3, 3), 12, 0.05, 10, "joint"),
    (4, (16, 12, 3, 3), 12, 0.1, 16, "joint"), (5, (24, 16, 3, 3), 20, 0.02, 12, "joint"), (6, (16, 24, 5, 5), 20, 0.02, 12, "joint"),
    (7, (32, 32, 3, 3), 30, 0.02, 16, "joint"), (8, (32, 32, 3, 3), 30, 0.1, 24, "joint"), (9, (20, 20, 1, 5), 15, 0.05, 9, "joint"),
    (10, (48, 32, 3, 3), 40, 0.02, 20, "joint"),
    (11, (8, 8, 3, 3), 6, 0.02, 4, "split"), (12, (12, 10, 3, 3), 10, 0.05, 6, "split"), (13, (16, 16, 3, 3), 12, 0.05, 10, "split"),
    (14, (16, 12, 3, 3), 12, 0.1, 16, "split"), (15, (24, 16, 3, 3), 20, 0.02, 12, "split"), (16, (16, 24, 5, 5), 20, 0.02, 12, "split"),
    (17, (32, 32, 3, 3), 30, 0.02, 16, "split"), (18, (32, 32, 3, 3), 30, 0.1, 24, "split"), (19, (20, 20, 2, 5), 15, 0.05, 9, "split"),
    (20, (48, 32, 3, 3), 40, 0.02, 20, "split"),
]


def tucker_case(seed, dims, terms, noise, ranks):
    tensor = kernel(seed, dims, terms, noise)
    (core, factors), _ = partial_tucker(tensor, rank=list(ranks), modes=[0, 1], init="svd", n_iter_max=100, tol=1e-4)
    approximation = tl.tenalg.multi_mode_dot(core, factors, modes=[0, 1])
    return {"seed": seed, "dims": dims, "terms": terms, "noise": noise, "R4": ranks[0], "R3": ranks[1],
            "norm": float(np.linalg.norm(tensor)), "weightError": relative_error(approximation, tensor)}


def cp_case(seed, dims, terms, noise, rank, form):
    tensor = kernel(seed, dims, terms, noise)
    shaped = tensor if form == "split" else tensor.reshape(dims[0], dims[1], -1)
    errors = {}
    for init in ("svd", "random"):
        model = parafac(shaped, rank=rank, init=init, n_iter_max=2000, tol=1e-9, random_state=0)
        errors[init] = relative_error(tl.cp_to_tensor(model), shaped)
    return {"seed": seed, "dims": dims, "terms": terms, "noise": noise, "R": rank, "form": form,
            "norm": float(np.linalg.norm(tensor)), "weightErrors": errors}


def write(name, cases):
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    write("tucker.json", [tucker_case(*case) for case in TUCKER])
    write("cp.json", [cp_case(*case) for case in CP])
