"""Batch norm's running statistics, worked out by hand."""

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv import nn

RNG = np.random.default_rng(2)


def batches(shape=(4, 3, 5, 2)):
    return [RNG.normal(1.5, 2.0, shape) for _ in range(3)]


def moments(x):
    axes = (0, *range(2, x.ndim))
    return x.mean(axes), x.var(axes, ddof=1)


def test_three_steps_with_momentum():
    layer = nn.BatchNorm2d(3, momentum=0.3).double()
    mean, var = np.zeros(3), np.ones(3)
    for step, x in enumerate(batches(), 1):
        y = layer(mt.tensor(x)).detach().numpy()
        new_mean, new_var = moments(x)
        mean, var = 0.7 * mean + 0.3 * new_mean, 0.7 * var + 0.3 * new_var
        np.testing.assert_allclose(layer.running_mean.numpy(), mean, rtol=1e-12)
        np.testing.assert_allclose(layer.running_var.numpy(), var, rtol=1e-12)
        assert layer.num_batches_tracked.item() == step
        np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-12)
        np.testing.assert_allclose(y.var((0, 2, 3)), 1, rtol=1e-4)
    layer.eval()
    x, before = batches()[0], layer.running_mean.numpy().copy()
    y = layer(mt.tensor(x)).detach().numpy()
    across = (slice(None), None, None)
    np.testing.assert_allclose(y, (x - mean[across]) / np.sqrt(var[across] + 1e-5), rtol=1e-12)
    np.testing.assert_array_equal(layer.running_mean.numpy(), before)
    assert layer.num_batches_tracked.item() == 3


def test_momentum_none_is_the_plain_average():
    layer = nn.BatchNorm1d(3, momentum=None).double()
    xs = batches((6, 3))
    for x in xs:
        layer(mt.tensor(x))
    np.testing.assert_allclose(layer.running_mean.numpy(), np.mean([moments(x)[0] for x in xs], 0))
    np.testing.assert_allclose(layer.running_var.numpy(), np.mean([moments(x)[1] for x in xs], 0))


def test_without_running_statistics_evaluation_takes_the_batch():
    layer = nn.BatchNorm1d(3, track_running_stats=False).double()
    assert layer.running_mean is None and list(layer.state_dict()) == ["weight", "bias"]
    x = mt.tensor(batches((6, 3))[0])
    assert mt.equal(layer(x), layer.eval()(x))


def test_buffers_move_without_being_recorded():
    layer = nn.BatchNorm1d(3)
    x = mt.randn(4, 3, requires_grad=True)
    place = layer.running_mean
    layer(x)
    assert layer.running_mean is place and not place.requires_grad and place.is_leaf
    with mt.no_grad():
        layer(x)
    assert layer.num_batches_tracked.item() == 2


def test_reset():
    layer = nn.BatchNorm1d(3)
    layer(mt.randn(4, 3))
    layer.reset_running_stats()
    assert layer.running_mean.tolist() == [0] * 3 and layer.running_var.tolist() == [1] * 3
    assert layer.num_batches_tracked.item() == 0


def test_evaluation_then_training_before_backward():
    """The running mean that evaluation used changes before backward: no silent wrong gradient."""

    def gradient(train_between):
        layer = nn.BatchNorm1d(2).double().eval()
        x = mt.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=mt.float64)
        y = layer(x)
        if train_between:
            layer.train()(x)
        y.backward(mt.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=mt.float64))
        return layer.weight.grad

    assert mt.equal(gradient(False), gradient(True))


def test_one_value_per_channel():
    for layer, shape in ((nn.BatchNorm1d(3), (1, 3)), (nn.BatchNorm2d(3), (1, 3, 1, 1))):
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            layer(mt.zeros(*shape))
        assert layer.eval()(mt.zeros(*shape)).shape == shape


def test_ranks():
    for layer, shapes in (
        (nn.BatchNorm1d(3), [(3,), (2, 3, 4, 4)]),
        (nn.BatchNorm2d(3), [(3,), (2, 3), (3, 4, 4), (2, 3, 4, 4, 4)]),
    ):
        for shape in shapes:
            with pytest.raises(ValueError, match=rf"{type(layer).__name__}: input is \(N, C"):
                layer(mt.zeros(*shape))
    with pytest.raises(ValueError, match=r"weight has the shape \(3,\)"):
        nn.BatchNorm2d(2)(mt.zeros(2, 3, 4, 4))


def test_empty_batch_leaves_the_statistics():
    layer = nn.BatchNorm2d(3)
    assert layer(mt.zeros(0, 3, 2, 2)).shape == (0, 3, 2, 2)
    assert layer.running_mean.tolist() == [0] * 3 and layer.running_var.tolist() == [1] * 3


def test_functional_needs_statistics_for_evaluation():
    with pytest.raises(ValueError, match="batch_norm: evaluation needs running_mean"):
        F.batch_norm(mt.zeros(2, 3), None, None)


def test_half_precision_with_float32_statistics():
    x = batches((8, 3))[0].astype(np.float16)
    mean, var = mt.zeros(3), mt.ones(3)
    y = F.batch_norm(mt.tensor(x), mean, var, training=True)
    assert y.dtype == mt.float16 and mean.dtype == mt.float32
    np.testing.assert_allclose(mean.numpy(), 0.1 * x.astype(np.float32).mean(0), rtol=1e-3)


def test_a_change_of_the_running_mean_is_noticed_by_whoever_needs_the_old_one():
    layer = nn.BatchNorm1d(2)
    scale = mt.ones(2, requires_grad=True)
    y = (layer.running_mean * scale).sum()
    layer(mt.randn(4, 2))
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_bias_alone_can_be_left_out():
    layer = nn.BatchNorm1d(2, bias=False)
    assert layer.bias is None and list(dict(layer.named_parameters())) == ["weight"]
    assert nn.BatchNorm1d(2, affine=False).weight is None


def test_a_second_derivative_in_evaluation_sees_the_statistics_of_its_forward():
    """y = w (x − m) / √(v + ε): d²y / dw dx = 1 / √(v + ε), with v as it was."""
    layer = nn.BatchNorm1d(1, eps=0.0).double().eval()
    layer.running_var.fill_(4.0)
    x = mt.tensor([[1.0], [3.0]], dtype=mt.float64, requires_grad=True)
    y = layer(x)
    layer.running_var.fill_(100.0)  # as a training step between forward and backward does
    (gx,) = mt.autograd.grad(y.sum(), [x], create_graph=True)
    assert gx.tolist() == [[0.5], [0.5]]
    (gw,) = mt.autograd.grad(gx.sum(), [layer.weight])
    assert gw.tolist() == [1.0]


def test_volumes():
    layer = nn.BatchNorm3d(2)
    y = layer(mt.randn(3, 2, 2, 3, 4) * 5 + 1).detach().numpy()
    np.testing.assert_allclose(y.mean((0, 2, 3, 4)), 0, atol=1e-6)
    with pytest.raises(ValueError, match=r"BatchNorm3d: input is \(N, C, D, H, W\)"):
        layer(mt.randn(3, 2, 2, 3))
