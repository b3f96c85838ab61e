"""Spatial SVD of ResNet-20 for CIFAR-10 by AIMET, without the fine-tuning that is meant to follow.

    aimet_spatial_svd.py MODEL.onnx IMAGES.npz uniform|greedy SHARE OUTPUT.onnx      pip: requirements-aimet.txt

AIMET compresses PyTorch models, so the network is built again from the initializers of the ONNX file and checked to give
the same logits. `uniform` leaves SHARE of the MACs of every convolution but the first; `greedy` is AIMET's own choice:
it tries each layer at each of ten shares, scores 512 of IMAGES (training images, uint8 NHWC), and reaches SHARE of the
MACs as a whole. OUTPUT is MODEL with the kernels that the factors amount to: the same function as the compressed model,
so that accuracies are measured by one program. Prints JSON: the share of MACs that is left, by the ranks, and the ranks.
"""

import json
import logging
import sys
from decimal import Decimal

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn
from torch.nn import functional

from aimet_torch.common.defs import CompressionScheme, CostMetric, GreedySelectionParameters
from aimet_torch.compress import ModelCompressor
from aimet_torch.defs import ModuleCompRatioPair, SpatialSvdParameters

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
IMAGES = 512


class Block(nn.Module):
    """Two 3×3 convolutions and a shortcut that drops pixels and pads channels (option A of He et al.)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.stride, self.extra = (1 if inputs == outputs else 2), (outputs - inputs) // 2
        self.conv1 = nn.Conv2d(inputs, outputs, 3, self.stride, 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()

    def forward(self, x):
        shortcut = x[:, :, :: self.stride, :: self.stride]
        shortcut = functional.pad(shortcut, (0, 0, 0, 0, self.extra, self.extra))
        return self.relu2(self.conv2(self.relu1(self.conv1(x))) + shortcut)


class ResNet(nn.Module):
    def __init__(self, blocks=3):
        super().__init__()
        self.conv1, self.relu = nn.Conv2d(3, 16, 3, 1, 1), nn.ReLU()
        widths = [16] + [width for width in (16, 32, 64) for _ in range(blocks)]
        self.blocks = nn.Sequential(*[Block(a, b) for a, b in zip(widths, widths[1:])])
        self.pool, self.linear = nn.AdaptiveAvgPool2d(1), nn.Linear(64, 10)

    def forward(self, x):
        return self.linear(self.pool(self.blocks(self.relu(self.conv1(x)))).flatten(1))


def convolutions(model):
    return [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]


def load(file):
    """(ONNX model, its convolutions in order, the same network in PyTorch)"""
    model = onnx.load(file)
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    nodes = [node for node in model.graph.node if node.op_type == "Conv"]
    gemm = next(node for node in model.graph.node if node.op_type == "Gemm")
    network = ResNet((len(nodes) - 1) // 6)
    modules = [module for _, module in convolutions(network)] + [network.linear]
    with torch.no_grad():
        for node, module in zip([*nodes, gemm], modules, strict=True):
            module.weight.copy_(torch.tensor(tensors[node.input[1]]))
            module.bias.copy_(torch.tensor(tensors[node.input[2]]))
    return model, nodes, network.eval()


def preprocessed(file):
    data = np.load(file)
    x = ((data["x"][:IMAGES] / 255 - MEAN) / STD).transpose(0, 3, 1, 2)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(data["y"][:IMAGES].astype(np.int64))


def check_equal(model, network, images):
    [wanted] = ReferenceEvaluator(model).run(None, {model.graph.input[0].name: images.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(network(images).numpy(), wanted, rtol=1e-3, atol=1e-3)


def kernel_of(module):
    """Kernel that a pair of a vertical and a horizontal convolution amounts to, and their rank."""
    if isinstance(module, nn.Conv2d):
        return module.weight.detach().numpy(), None
    first, second = (part.weight.detach().numpy() for part in module)
    return np.einsum("rsij,trkl->tsikjl", first, second).reshape(
        second.shape[0], first.shape[1], first.shape[2] * second.shape[2], first.shape[3] * second.shape[3]
    ), first.shape[0]


def parameters(network, mode, share):
    if mode == "greedy":
        choice = GreedySelectionParameters(target_comp_ratio=Decimal(share), num_comp_ratio_candidates=10)
        auto = SpatialSvdParameters.AutoModeParams(choice, modules_to_ignore=[network.conv1])
        return SpatialSvdParameters(SpatialSvdParameters.Mode.auto, auto, multiplicity=1)
    pairs = [ModuleCompRatioPair(module, Decimal(share)) for name, module in convolutions(network) if name != "conv1"]
    manual = SpatialSvdParameters.ManualModeParams(pairs)
    return SpatialSvdParameters(SpatialSvdParameters.Mode.manual, manual, multiplicity=1)


def main(model_file, images_file, mode, share, output_file):
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    model, nodes, network = load(model_file)
    images, labels = preprocessed(images_file)
    check_equal(model, network, images[:4])

    def accuracy(candidate, *_, **__):
        with torch.no_grad():
            return float((candidate(images).argmax(1) == labels).float().mean())

    compressed, _ = ModelCompressor.compress_model(
        network,
        accuracy,
        eval_iterations=1,
        input_shape=(1, 3, 32, 32),
        compress_scheme=CompressionScheme.spatial_svd,
        cost_metric=CostMetric.mac,
        parameters=parameters(network, mode, share),
    )
    ranks, macs = {}, [0, 0]
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node, (name, original) in zip(nodes, convolutions(network), strict=True):
        kernel, rank = kernel_of(compressed.get_submodule(name))
        ranks[node.name] = rank
        tensors[node.input[1]].CopyFrom(numpy_helper.from_array(kernel.astype(np.float32), node.input[1]))
        left, whole = cost(original, rank, {16: 32, 32: 16, 64: 8}[original.out_channels])
        macs = [macs[0] + left, macs[1] + whole]
    linear = network.linear.weight.numel()
    onnx.save(model, output_file)
    print(json.dumps({"macs": (macs[0] + linear) / (macs[1] + linear), "ranks": ranks}))


def cost(convolution, rank, size):
    """MACs after and before. The vertical convolution works on rows that are thinned already, as AIMET builds it."""
    s, t, k, stride = convolution.in_channels, convolution.out_channels, 3, convolution.stride[0]
    before = s * t * k * k * size**2
    return (before if rank is None else rank * k * (s * stride + t) * size**2), before


if __name__ == "__main__":
    main(*sys.argv[1:])
