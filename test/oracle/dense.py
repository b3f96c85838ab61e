"""Singular values by numpy and EVBMF ranks by the published Python algorithm, for test/numerics.

Needs: pip install numpy scipy.  Run: python test/oracle/dense.py
Writes dense-singular-values.json and evbmf.json beside itself.

Matrices are not stored: they come from the 32-bit generator below, whose numbers are exact in float64, so that the
tests make the same ones.
"""
import json
import pathlib

import numpy as np
from scipy.optimize import minimize_scalar

HERE = pathlib.Path(__file__).parent


def exact_random(seed, count):
    """x <- 1664525 x + 1013904223 mod 2^32; the number is x / 2^32 - 1/2."""
    state, numbers = seed, np.empty(count)
    for i in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        numbers[i] = state / 2**32 - 0.5
    return numbers


def low_rank_plus_noise(seed, rows, columns, rank, noise, scale):
    """scale * (A B / rank + noise * N). Products are computed here, so their digits may differ in the last place."""
    numbers = exact_random(seed, rank * (rows + columns) + rows * columns)
    a, b, n = np.split(numbers, [rank * rows, rank * (rows + columns)])
    signal = a.reshape(rows, rank) @ b.reshape(rank, columns) / max(rank, 1)
    return scale * (signal + noise * n.reshape(rows, columns))


def published_evbmf(s, rows, columns):
    """The algorithm of the Python code that papers share (Nakajima et al. 2013), on singular values, L <= M."""
    L, M = min(rows, columns), max(rows, columns)
    alpha = L / M
    tau_bar = 2.5129 * np.sqrt(alpha)
    edge = (1 + tau_bar) * (1 + alpha / tau_bar)

    def objective(sigma2):
        x = s**2 / (M * sigma2)
        big, small = x[x > edge], x[x <= edge]
        tau = 0.5 * (big - (1 + alpha) + np.sqrt((big - (1 + alpha)) ** 2 - 4 * alpha))
        return (
            np.sum(small - np.log(small))
            + np.sum(big - tau)
            + np.sum(np.log((tau + 1) / big))
            + alpha * np.sum(np.log(tau / alpha + 1))
        )

    first = int(min(np.ceil(L / (1 + alpha)) - 1, L))
    upper = np.sum(s**2) / (L * M)
    lower = max(s[first] ** 2 / (M * edge), np.mean(s[first:] ** 2) / M)
    sigma2 = minimize_scalar(objective, bounds=[lower, upper], method="bounded").x
    return {"rank": int(np.sum(s > np.sqrt(M * sigma2 * edge))), "sigma2": float(sigma2)}


def singular_value_cases():
    for seed, (rows, columns) in enumerate([(1, 7), (5, 5), (16, 144), (64, 9), (64, 576), (96, 200), (150, 120)]):
        matrix = exact_random(seed + 1, rows * columns).reshape(rows, columns)
        values = np.linalg.svd(matrix, compute_uv=False)
        yield {"seed": seed + 1, "rows": rows, "columns": columns, "values": values.tolist()}


def evbmf_cases():
    shapes = [(16, 144, 4), (32, 288, 10), (64, 64, 12), (64, 576, 20), (48, 27, 6), (96, 96, 30)]
    for index, (rows, columns, rank) in enumerate(shapes):
        for noise, scale in [(0.02, 1.0), (0.1, 1.0), (0.1, 0.1), (0.1, 0.01)]:
            matrix = low_rank_plus_noise(100 + index, rows, columns, rank, noise, scale)
            s = np.linalg.svd(matrix, compute_uv=False)
            yield {"rows": rows, "columns": columns, "values": s.tolist(), **published_evbmf(s, rows, columns)}


def write(name, cases):
    (HERE / name).write_text(json.dumps(list(cases)) + "\n")


if __name__ == "__main__":
    write("dense-singular-values.json", singular_value_cases())
    write("evbmf.json", evbmf_cases())
