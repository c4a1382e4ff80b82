"""The functions on boxes against torchvision's, which are written in Python."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import detection

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "models"))

from beside_torchvision import torchvision_models  # noqa: E402


@pytest.fixture(scope="module")
def theirs():
    torchvision_models()
    from torchvision.ops import boxes

    return boxes


def drawn(dtype, *shape):
    low = np.random.default_rng(len(shape)).uniform(-9, 30, (*shape, 2))
    size = np.random.default_rng(9).uniform(-1, 30, (*shape, 2))
    return np.concatenate([low, low + size], -1).astype(dtype)


def same(ours, theirs):
    assert str(theirs.dtype) == f"torch.{ours.dtype}" and tuple(ours.shape) == tuple(theirs.shape)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-5, atol=1e-5)


DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8"])


@DTYPES
@pytest.mark.parametrize("fmt", ["xyxy", "xywh", "cxcywh"])
def test_areas_and_overlaps(fmt, dtype, theirs):
    for a, b in ((drawn(dtype, 5), drawn(dtype, 3)), (drawn(dtype, 2, 5), drawn(dtype, 2, 3))):
        x, y = torch.tensor(a), torch.tensor(b)
        same(detection.box_area(mt.tensor(a), fmt), theirs.box_area(x, fmt))
        same(detection.box_iou(mt.tensor(a), mt.tensor(b), fmt), theirs.box_iou(x, y, fmt))


@DTYPES
def test_cut_off_and_small(dtype, theirs):
    a = drawn(dtype, 40)
    ours, other = mt.tensor(a), torch.tensor(a)
    same(detection.clip_boxes_to_image(ours, (20, 15)), theirs.clip_boxes_to_image(other, (20, 15)))
    same(detection.remove_small_boxes(ours, 4.0), theirs.remove_small_boxes(other, 4.0))


@pytest.mark.parametrize("source", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("target", ["xyxy", "xywh", "cxcywh"])
def test_formats(source, target, theirs):
    a = drawn("float32", 2, 7)
    ours = detection.box_convert(mt.tensor(a), source, target)
    same(ours, theirs.box_convert(torch.tensor(a), source, target))


def test_gradients(theirs):
    a, b = drawn("float64", 5), drawn("float64", 3)
    ours, other = mt.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
    (detection.box_iou(ours, mt.tensor(b)) ** 2).sum().backward()
    (theirs.box_iou(other, torch.tensor(b)) ** 2).sum().backward()
    same(ours.grad, other.grad)
