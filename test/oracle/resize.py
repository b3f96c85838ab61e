"""Writes resize.json: bilinear resizing and whole preprocessing computed by other means than ours.

Run: pip install numpy pillow && python resize.py

- plain bilinear: the textbook formula in numpy float64, pixel by pixel
- antialiased: Pillow's BILINEAR filter on float32 pixels (mode F), channel by channel
- preprocess: the steps of a torchvision evaluation transform, in numpy
"""

import json
import math
from pathlib import Path

import numpy as np
from PIL import Image

random = np.random.default_rng(20260101)


def bilinear(image, height, width):
    source_height, source_width, channels = image.shape
    result = np.empty((height, width, channels))
    for y in range(height):
        for x in range(width):
            v = (y + 0.5) * source_height / height - 0.5
            u = (x + 0.5) * source_width / width - 0.5
            y0, x0 = math.floor(v), math.floor(u)
            value = np.zeros(channels)
            for dy, wy in ((0, 1 - (v - y0)), (1, v - y0)):
                for dx, wx in ((0, 1 - (u - x0)), (1, u - x0)):
                    row = min(max(y0 + dy, 0), source_height - 1)
                    column = min(max(x0 + dx, 0), source_width - 1)
                    value += wy * wx * image[row, column]
            result[y, x] = value
    return result


def antialiased(image, height, width):
    planes = [
        np.asarray(Image.fromarray(plane.astype(np.float32), mode="F").resize((width, height), Image.BILINEAR))
        for plane in np.moveaxis(image, 2, 0)
    ]
    return np.stack(planes, axis=2)


def rounded(array):
    return [float(np.float32(value)) for value in np.asarray(array).ravel()]


cases = []
for source, target in [
    ((5, 7), (9, 4)), ((4, 4), (4, 9)), ((8, 6), (3, 2)), ((1, 5), (3, 3)), ((5, 1), (2, 4)),
    ((32, 32), (9, 13)), ((2, 2), (5, 5)), ((13, 11), (1, 1)), ((3, 3), (3, 3)), ((31, 17), (8, 16)),
]:
    channels = 1 + len(cases) % 3
    image = random.integers(0, 256, (*source, channels)).astype(float)
    cases.append({
        "image": image.astype(int).ravel().tolist(), "dims": [*source, channels], "size": list(target),
        "bilinear": rounded(bilinear(image, *target)), "antialiased": rounded(antialiased(image, *target)),
    })

pixels = random.integers(0, 256, (11, 15, 3))
shorter = 8
resized = bilinear(pixels.astype(float), shorter, shorter * 15 // 11)
crop_height, crop_width = 5, 7
top = round((resized.shape[0] - crop_height) / 2)
left = round((resized.shape[1] - crop_width) / 2)
cropped = resized[top:top + crop_height, left:left + crop_width]
mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
bgr = (cropped[:, :, ::-1] / 255 - mean) / std

gray = pixels @ np.array([0.299, 0.587, 0.114])
preprocess = {
    "pixels": pixels.ravel().tolist(), "dims": [11, 15, 3],
    "bgr": {
        "settings": {"resize": shorter, "crop": [crop_height, crop_width], "channels": "bgr", "scale": 1 / 255,
                     "mean": mean.tolist(), "std": std.tolist(), "layout": "NCHW"},
        "dims": [3, crop_height, crop_width], "values": rounded(bgr.transpose(2, 0, 1)),
    },
    "gray": {
        "settings": {"channels": "gray", "scale": 1 / 127.5, "mean": 1, "layout": "NHWC"},
        "dims": [11, 15, 1], "values": rounded(gray / 127.5 - 1),
    },
}

Path(__file__).with_suffix(".json").write_text(json.dumps({"resize": cases, "preprocess": preprocess}) + "\n")
