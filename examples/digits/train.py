"""Trains the network of this folder on the UCI handwritten digits that scikit-learn ships, and writes

    digits.onnx       Conv·BatchNorm·Relu ×4, two max-pools, Gemm·Relu·Gemm; input image [N, 1, 8, 8], pixels 0..1
    digits-test.npz   x uint8 [597, 8, 8] with pixels 0..16, y uint8 [597]
    digits-calibrate.npz  x uint8 [512, 8, 8], of the training images, without labels

    python3 -m venv .cache/venv && .cache/venv/bin/pip install -r examples/digits/requirements.txt
    .cache/venv/bin/python examples/digits/train.py

About a minute on two cores. Same seed, same machine: same bytes; elsewhere rounding may move the accuracy a little.

The images stand in the order of their writers, so the test set is the last third: other hands than those trained on.

The network is made to be compressed. It is wider than the task needs, and each convolution is trained as the product
of three factors under weight decay, which penalises rank (the smallest sum of squares of two factors is the nuclear norm
of their product: Srebro, Rennie and Jaakkola, NIPS 2004), and multiplied out for export. Large networks get kernels of
low rank from their size and their training; this one has to fit into a repository. What factorization costs on networks
that were not made for it is another matter.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

FOLDER = Path(__file__).parent
CHANNELS = [(1, 32), (32, 64), (64, 64), (64, 64)]  # (in, out) of the 3×3 convolutions
POOLED = [1, 3]  # a max-pool follows these
HIDDEN, CLASSES = 128, 10
TRAINED_ON = 1200
EPOCHS, BATCH, RATE, DECAY, MOMENTUM, EPSILON = 160, 64, 0.05, 5e-3, 0.9, 1e-5


def initial(key):
    """He's initialisation: (parameters, running statistics)."""
    keys = iter(jax.random.split(key, len(CHANNELS) + 2))
    convs = [
        {
            "w": [jnp.eye(t), he(next(keys), (t, s, 3, 3), 9 * s), jnp.eye(s)],
            "scale": jnp.ones(t),
            "shift": jnp.zeros(t),
        }
        for s, t in CHANNELS
    ]
    features = CHANNELS[-1][1] * 2 * 2
    denses = [
        {"w": he(next(keys), (rows, columns), columns), "b": jnp.zeros(rows)}
        for rows, columns in [(HIDDEN, features), (CLASSES, HIDDEN)]
    ]
    statistics = [{"mean": jnp.zeros(t), "var": jnp.ones(t)} for _, t in CHANNELS]
    return {"convs": convs, "denses": denses}, statistics


def he(key, shape, fan_in):
    return jax.random.normal(key, shape) * np.sqrt(2 / fan_in)


def kernel(factors):
    """W[t, s, i, j] = Σ A[t, q] C[q, r, i, j] B[r, s], what a convolution's three factors amount to."""
    return jnp.einsum("tq,qrij,rs->tsij", *factors)


def forward(parameters, statistics, x, training):
    """x [N, 1, 8, 8] → (logits [N, 10], running statistics after this batch)."""
    seen = []
    for index, (conv, running) in enumerate(zip(parameters["convs"], statistics)):
        x = jax.lax.conv_general_dilated(x, kernel(conv["w"]), (1, 1), "SAME")
        batch = {"mean": x.mean((0, 2, 3)), "var": x.var((0, 2, 3))} if training else running
        seen.append(jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, running, batch))
        normal = (x - column(batch["mean"])) / jnp.sqrt(column(batch["var"]) + EPSILON)
        x = jax.nn.relu(normal * column(conv["scale"]) + column(conv["shift"]))
        if index in POOLED:
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    hidden, logits = parameters["denses"]
    x = jax.nn.relu(x.reshape(len(x), -1) @ hidden["w"].T + hidden["b"])
    return x @ logits["w"].T + logits["b"], seen


def column(channel):
    return channel[None, :, None, None]


def loss(parameters, statistics, x, y):
    logits, seen = forward(parameters, statistics, x, training=True)
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean(), seen


@jax.jit
def step(parameters, velocity, statistics, x, y, rate):
    """One step of SGD with momentum; only weights decay, not what has one value per channel."""
    gradient, seen = jax.grad(loss, has_aux=True)(parameters, statistics, x, y)
    velocity = jax.tree.map(
        lambda v, g, p: MOMENTUM * v + g + (DECAY * p if p.ndim > 1 else 0), velocity, gradient, parameters
    )
    return jax.tree.map(lambda p, v: p - rate * v, parameters, velocity), velocity, seen


def shifted(random, x):
    """Each image moved by at most one pixel."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    offsets = random.integers(0, 3, (len(x), 2))
    return np.stack([image[:, i : i + 8, j : j + 8] for image, (i, j) in zip(padded, offsets)])


def train(x, y):
    random = np.random.default_rng(0)
    parameters, statistics = initial(jax.random.key(0))
    velocity = jax.tree.map(jnp.zeros_like, parameters)
    for epoch in range(EPOCHS):
        rate = RATE * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        order = random.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            batch = shifted(random, x[chosen])
            parameters, velocity, statistics = step(parameters, velocity, statistics, batch, y[chosen], rate)
    return jax.tree.map(np.asarray, (parameters, statistics))


def export(parameters, statistics):
    """The trained network as an ONNX model with its batch-norms kept."""
    initializers, nodes, value = [], [], "image"

    def initializer(name, array):
        initializers.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def node(op_type, name, inputs, output=None, **attributes):
        nodes.append(helper.make_node(op_type, inputs, [output or name], name=name, **attributes))
        return output or name

    for index, (conv, running) in enumerate(zip(parameters["convs"], statistics)):
        name = f"conv{index + 1}"
        weight = initializer(f"{name}.weight", kernel(conv["w"]))
        value = node("Conv", name, [value, weight], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        tensors = {"scale": conv["scale"], "shift": conv["shift"], **running}
        norm = [initializer(f"{name}.norm.{key}", array) for key, array in tensors.items()]
        value = node("BatchNormalization", f"{name}.norm", [value, *norm], epsilon=EPSILON)
        value = node("Relu", f"{name}.relu", [value])
        if index in POOLED:
            value = node("MaxPool", f"{name}.pool", [value], kernel_shape=[2, 2], strides=[2, 2])
    value = node("Flatten", "flatten", [value])
    for index, dense in enumerate(parameters["denses"]):
        name = f"dense{index + 1}"
        tensors = [initializer(f"{name}.weight", dense["w"]), initializer(f"{name}.bias", dense["b"])]
        last = index == len(parameters["denses"]) - 1
        value = node("Gemm", name, [value, *tensors], "logits" if last else None, transB=1)
        if not last:
            value = node("Relu", f"{name}.relu", [value])

    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])
    logits = helper.make_tensor_value_info(value, TensorProto.FLOAT, ["N", CLASSES])
    graph = helper.make_graph(nodes, "digits", [image], [logits], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="train.py")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    digits = load_digits()
    pixels, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    x, y = np.float32(pixels)[:, None] / 16, np.int32(labels)
    parameters, statistics = train(x[:TRAINED_ON], y[:TRAINED_ON])
    logits, _ = forward(parameters, statistics, x[TRAINED_ON:], training=False)
    right = np.argmax(logits, 1) == y[TRAINED_ON:]
    print(f"top-1 on {len(right)} digits of writers not trained on: {right.mean():.2%}")
    onnx.save(export(parameters, statistics), FOLDER / "digits.onnx")
    np.savez_compressed(FOLDER / "digits-test.npz", x=pixels[TRAINED_ON:], y=labels[TRAINED_ON:])
    chosen = np.sort(np.random.default_rng(0).choice(TRAINED_ON, 512, replace=False))
    np.savez_compressed(FOLDER / "digits-calibrate.npz", x=pixels[chosen])


if __name__ == "__main__":
    main()
