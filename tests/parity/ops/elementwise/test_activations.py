"""The activation rows against PyTorch: values, gradients at the kink, special values."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.elementwise.activations import BY_NAME

torch = pytest.importorskip("torch")

CASES = [
    *((name, {}) for name in ("relu", "selu", "tanhshrink", "softsign", "sigmoid", "logsigmoid",
                              "hardswish", "silu", "mish")),
    *(("leaky_relu", {"negative_slope": slope}) for slope in (0.01, 0.0, 0.5, -0.5)),
    *(("elu", {"alpha": alpha}) for alpha in (1.0, 0.4, 2.0, 0.0)),
    *(("celu", {"alpha": alpha}) for alpha in (1.0, 0.5, 2.0)),
    *(("hardshrink", {"lambd": lambd}) for lambd in (0.5, 0.0)),
    *(("softshrink", {"lambd": lambd}) for lambd in (0.5, 0.0)),
    *(("hardtanh", {"min_val": low, "max_val": high}) for low, high in ((-1.0, 1.0), (0.0, 6.0))),
    *(("threshold", {"threshold": 0.0, "value": value}) for value in (0.0, 3.0)),
    *(("softplus", {"beta": beta, "threshold": 20.0}) for beta in (1.0, 2.0)),
    *(("gelu", {"approximate": how}) for how in ("none", "tanh")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_values_and_gradients(name, params, dtype, agrees_with_torch):
    rng = np.random.default_rng(1)
    function = getattr(torch.nn.functional, name)
    for shape in ((3, 4), (), (2, 3, 2, 2), (0, 3)):
        x = np.asarray(rng.normal(size=shape)) * 3
        agrees_with_torch(BY_NAME[name], function, (np.asarray(x),), params, dtype)


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_kink_and_special_values(name, params, dtype, agrees_with_torch):
    special = [0.0, -0.0, 1e-30, -1e-30, 1e-8, -1e-8, 100, -100, 1e4, -1e4, np.nan, np.inf, -np.inf]
    if name == "gelu" and dtype == "float32":
        special = special[:-2]  # PyTorch's vectors answer NaN for +inf
    # 64 numbers: PyTorch's vector instructions answer NaN otherwise than its loop for what remains.
    x = np.resize(special, 64)
    function = getattr(torch.nn.functional, name)
    agrees_with_torch(BY_NAME[name], function, (x,), params, dtype, twice=False)


WHOLE = ("relu", "hardtanh", "threshold")


@pytest.mark.parametrize(("name", "params"), [case for case in CASES if case[0] not in WHOLE])
def test_integers_are_refused(name, params):
    """A bare array of integers could only hold a result that is cut off (some F convert it)."""
    with pytest.raises(TypeError, match=f"{name}: x is a float tensor"):
        BY_NAME[name](np.array([1, 2]), **params)
    if name not in ("sigmoid", "softsign", "tanhshrink"):
        with pytest.raises((RuntimeError, NotImplementedError)):
            getattr(torch.nn.functional, name)(torch.tensor([1, 2]), **params)


@pytest.mark.parametrize(("name", "params"), [case for case in CASES if case[0] in WHOLE])
def test_integers_are_kept(name, params):
    x = np.array([-1, 0, 2])
    y = BY_NAME[name](x, **params)
    theirs = getattr(torch.nn.functional, name)(torch.tensor(x), **params)
    assert y.dtype == theirs.numpy().dtype
    np.testing.assert_array_equal(y, theirs)
