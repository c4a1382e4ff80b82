"""sigmoid_focal_loss against torchvision's, whose compiled part it does not need."""

from __future__ import annotations

import importlib.util
import itertools

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.nn import functional as F  # noqa: N812

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def theirs():
    """The function out of its file: the package itself may not fit a CPU build of PyTorch."""
    found = importlib.util.find_spec("torchvision")
    if found is None or not found.submodule_search_locations:
        pytest.skip("torchvision is not installed")
    path = f"{found.submodule_search_locations[0]}/ops/focal_loss.py"
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("from ..utils import _log_api_usage_once", "")
    names = {"__name__": "focal_loss", "_log_api_usage_once": lambda obj: None}
    exec(compile(text, path, "exec"), names)
    return names["sigmoid_focal_loss"]


GRID = list(itertools.product((0.25, 0.0, 1.0, -1), (2, 0, 1.5), ("none", "mean", "sum")))


@pytest.mark.parametrize(("alpha", "gamma", "reduction"), GRID)
def test_values_and_gradients(theirs, alpha, gamma, reduction):
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(5, 3)) * 3, rng.uniform(0, 1, (5, 3)).round(1)
    ours = [mt.tensor(a, requires_grad=True) for a in (x, t)]
    other = [torch.tensor(a, requires_grad=True) for a in (x, t)]
    y = F.sigmoid_focal_loss(*ours, alpha, gamma, reduction)
    want = theirs(*other, alpha, gamma, reduction)
    np.testing.assert_allclose(y.detach().numpy(), want.detach().numpy(), atol=1e-12)
    y.sum().backward()
    want.sum().backward()
    for a, b in zip(ours, other, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-10)


def test_both_refuse(theirs):
    zeros, ours = torch.zeros(2), mt.zeros(2)
    for options in ({"alpha": 1.5}, {"alpha": -0.5}, {"reduction": "avg"}):
        with pytest.raises(ValueError):
            theirs(zeros, zeros, **options)
        with pytest.raises(ValueError):
            F.sigmoid_focal_loss(ours, ours, **options)
