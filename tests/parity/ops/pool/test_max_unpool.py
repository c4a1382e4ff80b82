"""max_unpool against PyTorch, on what max-pools of one, two and three axes give."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.pool.max_unpool import OP

torch = pytest.importorskip("torch")
F = torch.nn.functional


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("size", [(7,), (6, 5), (4, 5, 6)], ids=str)
@pytest.mark.parametrize("params", [{"kernel_size": 2}, {"kernel_size": 3, "stride": 1}], ids=str)
def test_undoes_the_pooling(size, params, dtype):
    """Windows that overlap name a place twice: the gradients are still PyTorch's."""
    n = len(size)
    x = torch.tensor(np.random.default_rng(0).normal(size=(2, 3, *size)).astype(dtype))
    pooled, indices = getattr(F, f"max_pool{n}d")(x, **params, return_indices=True)
    pooled.requires_grad_()
    want = getattr(F, f"max_unpool{n}d")(pooled, indices, **params, output_size=size)
    y, saved = OP.run((pooled.detach().numpy(), indices.numpy()), {"size": size})
    np.testing.assert_array_equal(y, want.detach().numpy())
    gy = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    want.backward(torch.tensor(gy))
    gx, _ = OP.differentiate(gy, saved, (True, False))
    np.testing.assert_array_equal(gx, pooled.grad.numpy())
    assert y.dtype == gx.dtype == dtype
