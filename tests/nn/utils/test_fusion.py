"""Batch norm folded into the layer before it, against the two layers one after the other."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn.utils import (
    fuse_conv_bn_eval,
    fuse_conv_bn_weights,
    fuse_linear_bn_eval,
    fuse_linear_bn_weights,
)

LAYERS = {
    "conv1d": (lambda bias: nn.Conv1d(4, 6, 3, bias=bias), nn.BatchNorm1d, (2, 4, 9)),
    "conv2d": (lambda bias: nn.Conv2d(4, 6, 3, groups=2, bias=bias), nn.BatchNorm2d, (2, 4, 7, 5)),
    "conv3d": (lambda bias: nn.Conv3d(4, 6, 2, bias=bias), nn.BatchNorm3d, (2, 4, 3, 4, 5)),
    "transposed": (
        lambda bias: nn.ConvTranspose2d(4, 6, 3, 2, bias=bias), nn.BatchNorm2d, (2, 4, 5, 5)
    ),
    "linear": (lambda bias: nn.Linear(4, 6, bias=bias), nn.BatchNorm1d, (5, 4)),
}  # fmt: skip


def drawn_norm(kind, affine, seed=0):
    norm = kind(6, affine=affine).to(dtype="float64").eval()
    rng = np.random.default_rng(seed)
    for value in norm.state_dict().values():
        if value.ndim:
            value.copy_(mt.tensor(rng.uniform(0.2, 2.0, value.shape)))
    return norm


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_one_layer_gives_what_two_gave(name, bias, affine):
    build, kind, shape = LAYERS[name]
    layer, norm = build(bias).to(dtype="float64").eval(), drawn_norm(kind, affine)
    x = mt.randn(*shape, dtype="float64")
    before = layer.weight.detach().numpy().copy()
    if name == "linear":
        fused = fuse_linear_bn_eval(layer, norm)
    else:
        fused = fuse_conv_bn_eval(layer, norm, transpose=name == "transposed")
    np.testing.assert_allclose(
        fused(x).detach().numpy(), norm(layer(x)).detach().numpy(), rtol=1e-12, atol=1e-12
    )
    assert np.array_equal(layer.weight.detach().numpy(), before)  # left as it was
    assert isinstance(fused.bias, nn.Parameter) and fused.bias.requires_grad is bias


def test_float32_is_rounded_once():
    rng = np.random.default_rng(0)
    w, b = rng.normal(size=(3, 2, 1, 1)).astype("f"), rng.normal(size=3).astype("f")
    mean, var, gamma, beta = (rng.uniform(0.5, 2, 3).astype("f") for _ in range(4))
    tensors = [mt.tensor(a) for a in (w, b, mean, var, gamma, beta)]
    new_w, new_b = fuse_conv_bn_weights(*tensors[:4], 1e-5, *tensors[4:])
    scale = gamma.astype("d") / np.sqrt(var.astype("d") + 1e-5)
    assert np.array_equal(new_w.detach().numpy(), (w * scale.reshape(3, 1, 1, 1)).astype("f"))
    assert np.array_equal(
        new_b.detach().numpy(), ((b.astype("d") - mean) * scale + beta).astype("f")
    )


def test_linear_weights():
    w, mean, var = mt.ones(2, 3), mt.tensor([1.0, 2.0]), mt.tensor([4.0, 16.0])
    new_w, new_b = fuse_linear_bn_weights(w, None, mean, var, 0.0, mt.ones(2), mt.zeros(2))
    assert new_w.tolist() == [[0.5] * 3, [0.25] * 3]
    assert new_b.tolist() == [-0.5, -0.5]


def test_refused():
    conv, norm = nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6)
    with pytest.raises(ValueError, match="evaluation mode"):
        fuse_conv_bn_eval(conv, norm)
    blind = nn.BatchNorm2d(6, track_running_stats=False).eval()
    with pytest.raises(ValueError, match="no running statistics"):
        fuse_conv_bn_eval(conv.eval(), blind)
    with pytest.raises(ValueError, match="6 features or 1"):
        fuse_linear_bn_eval(nn.Linear(4, 6).eval(), nn.BatchNorm1d(4).eval())
