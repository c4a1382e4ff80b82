"""The losses of the table against PyTorch: shapes, dtypes, broadcasting, special values."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from minitorch_cv.nn import functional as F  # noqa: N812
from minitorch_cv.ops.loss.elementwise import BY_NAME

torch = pytest.importorskip("torch")

PARAMS = {
    "huber_loss": {"delta": 0.7},
    "smooth_l1_loss": {"beta": 0.7},
    "kl_div": {"log_target": False},
}
WARN = ("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss")


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def draw(name, shape, rng):
    """x and target; signs for soft_margin_loss, whose target has no gradient in PyTorch."""
    x, t = rng.uniform(0.1, 0.9, shape), rng.uniform(0.1, 0.9, shape)
    return np.asarray(x), np.asarray(np.sign(t - 0.5) if name == "soft_margin_loss" else t)


def peer(name):
    function = getattr(torch.nn.functional, name)
    if name == "soft_margin_loss":
        return lambda x, t, **params: function(x, t.detach(), **params) + 0 * t.sum()
    return function


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("shape", [(), (1,), (3, 4), (2, 3, 2, 2), (0, 3)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("name", [n for n in BY_NAME if n != "soft_margin_loss"])
def test_same_shapes(name, shape, dtype, reduction, agrees_with_torch):
    params = {"reduction": reduction, **PARAMS.get(name, {})}
    arrays = draw(name, shape, np.random.default_rng(1))
    agrees_with_torch(BY_NAME[name], peer(name), arrays, params, dtype)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(
    "shapes", [((3, 4), (4,)), ((3, 4), ()), ((4,), (3, 1)), ((2, 1, 3), (4, 1))]
)
@pytest.mark.parametrize("name", [*WARN, "kl_div"])
def test_broadcasting(name, shapes, reduction, agrees_with_torch):
    rng = np.random.default_rng(2)
    x, t = (np.asarray(rng.uniform(0.1, 0.9, shape)) for shape in shapes)
    params = {"reduction": reduction, **PARAMS.get(name, {})}
    agrees_with_torch(BY_NAME[name], peer(name), (x, t), params)


@pytest.mark.parametrize("name", WARN)
def test_both_warn_of_broadcasting(name):
    import minitorch_cv as mt

    words = "incorrect results due to broadcasting"
    with pytest.warns(UserWarning, match=words):
        getattr(torch.nn.functional, name)(torch.zeros(2, 3), torch.zeros(3))
    with pytest.warns(UserWarning, match=f"{name}: target size .* {words}") as caught:
        getattr(F, name)(mt.zeros(2, 3), mt.zeros(3))
    assert caught[0].filename == __file__  # the user's line, and not one of ours


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss"])
def test_ties_and_special_values(name, agrees_with_torch):
    x = np.array([1.0, -2.0, 0.0, np.nan, np.inf, np.inf, 1.0])
    t = np.array([1.0, -2.0, -0.0, 0.0, 0.0, np.inf, -np.inf])
    arrays = (x, t)
    agrees_with_torch(BY_NAME[name], peer(name), arrays, {"reduction": "none"}, twice=False)
