"""The normalising layers: their statistics, parameters and special calls."""

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv import nn

RNG = np.random.default_rng(3)


def test_statistics_of_instance_norm_follow_the_mean_over_the_batch():
    layer = nn.InstanceNorm2d(3, momentum=0.3, track_running_stats=True).double()
    x = RNG.normal(1.5, 2.0, (4, 3, 5, 2))
    layer(mt.tensor(x))
    mean, var = x.mean((2, 3)).mean(0), x.var((2, 3), ddof=1).mean(0)
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.3 * mean, rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.numpy(), 0.7 + 0.3 * var, rtol=1e-12)
    assert layer.num_batches_tracked.item() == 0  # PyTorch does not count here
    layer.eval()
    across = (slice(None), None, None)
    expected = (x - 0.3 * mean[across]) / np.sqrt((0.7 + 0.3 * var)[across] + 1e-5)
    np.testing.assert_allclose(layer(mt.tensor(x)).numpy(), expected, rtol=1e-12)


def test_instance_norm_without_statistics_is_the_same_in_evaluation():
    layer, x = nn.InstanceNorm1d(3), mt.randn(2, 3, 7)
    y = layer(x)
    assert mt.equal(layer.eval()(x), y) and not list(layer.parameters())
    np.testing.assert_allclose(y.numpy().mean(2), 0, atol=1e-6)


def test_instance_norm_without_a_batch():
    layer, x = nn.InstanceNorm2d(3, affine=True), mt.randn(3, 4, 5)
    assert mt.equal(layer(x), layer(x.unsqueeze(0)).squeeze(0))


def test_instance_norm_warns_of_an_unused_number_of_channels():
    with pytest.warns(UserWarning, match="InstanceNorm1d: input has 4 channels") as caught:
        nn.InstanceNorm1d(3)(mt.randn(2, 4, 5))
    assert caught[0].filename == __file__
    with pytest.raises(ValueError, match=r"use InstanceNorm1d\(4, affine=True\)"):
        nn.InstanceNorm1d(3, affine=True)(mt.randn(2, 4, 5))
    with pytest.raises(ValueError, match=r"InstanceNorm2d: input is \(N, C, H, W\) or \(C, H, W\)"):
        nn.InstanceNorm2d(3)(mt.randn(2, 3))


def test_an_empty_batch_leaves_the_statistics():
    layer = nn.InstanceNorm1d(3, track_running_stats=True)
    layer(mt.zeros(0, 3, 5))
    assert layer.running_mean.tolist() == [0, 0, 0] and layer.running_var.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("layer", "keys"),
    [
        (nn.LayerNorm((2, 3)), ["weight", "bias"]),
        (nn.LayerNorm(3, bias=False), ["weight"]),
        (nn.LayerNorm(3, elementwise_affine=False), []),
        (nn.GroupNorm(2, 4), ["weight", "bias"]),
        (nn.GroupNorm(2, 4, bias=False), ["weight"]),
        (nn.RMSNorm(3), ["weight"]),
        (nn.RMSNorm(3, elementwise_affine=False), []),
        (nn.LocalResponseNorm(3), []),
        (
            nn.InstanceNorm3d(3, affine=True, track_running_stats=True),
            ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"],
        ),
    ],
    ids=str,
)
def test_state(layer, keys):
    assert list(layer.state_dict()) == keys
    for name, p in layer.named_parameters():
        assert (p == (1 if name == "weight" else 0)).all()


def test_reset_parameters_and_dtype():
    layer = nn.LayerNorm(3, dtype=mt.float64)
    with mt.no_grad():
        layer.weight.fill_(5)
        layer.bias.fill_(5)
    layer.reset_parameters()
    assert layer.weight.tolist() == [1, 1, 1] and layer.bias.tolist() == [0, 0, 0]
    assert layer.weight.dtype == "float64" and layer.normalized_shape == (3,)


def test_representations():
    text = {
        nn.LayerNorm([2, 3]): "LayerNorm((2, 3), eps=1e-05, elementwise_affine=True, bias=True)",
        nn.GroupNorm(2, 4): "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)",
        nn.RMSNorm(3): "RMSNorm((3,), eps=None, elementwise_affine=True)",
        nn.LocalResponseNorm(2): "LocalResponseNorm(2, alpha=0.0001, beta=0.75, k=1.0)",
    }
    for layer, expected in text.items():
        assert repr(layer) == expected


@pytest.mark.parametrize("bad", [2.5, None])
def test_shape_of_the_wrong_type(bad):
    for layer in (nn.LayerNorm, nn.RMSNorm):
        with pytest.raises(TypeError, match=f"{layer.__name__}: normalized_shape is an int"):
            layer(bad)


def test_groups_that_do_not_fit():
    with pytest.raises(ValueError, match=r"GroupNorm: num_groups .*\(got 3 and 4\)"):
        nn.GroupNorm(3, 4)


def test_normalize():
    x = mt.tensor([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(F.normalize(x).numpy(), [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)
    out = mt.zeros(2, 2)
    assert F.normalize(x, out=out) is out and mt.equal(out, F.normalize(x))
    x.requires_grad = True
    with pytest.raises(RuntimeError, match="normalize: with out="):
        F.normalize(x, out=out)
    with mt.no_grad():
        assert F.normalize(x, out=out) is out


def test_errors_name_what_was_called():
    x = mt.randn(2, 3, 4)
    with pytest.raises(ValueError, match="instance_norm: weight has the shape"):
        F.instance_norm(x, weight=mt.ones(2))
    with pytest.raises(ValueError, match="instance_norm: running_var has the shape"):
        F.instance_norm(x, mt.zeros(3), mt.ones(2))
    for call in (F.instance_norm, F.layer_norm, F.group_norm, F.rms_norm, F.local_response_norm):
        with pytest.raises(TypeError, match=f"{call.__name__}: input is a Tensor"):
            call(x.numpy(), *([(4,)] if call is not F.instance_norm else []))
