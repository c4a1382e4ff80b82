"""What the functions do beyond their ops: arguments, batches of one, in-place forms."""

import warnings

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F

RNG = np.random.default_rng(0)


def tensor(*shape, **options):
    return mt.tensor(RNG.normal(size=shape), **options)


IMAGE, WEIGHT = tensor(2, 3, 6, 6), tensor(4, 3, 3, 3)
CALLS = {
    "conv2d": lambda x: F.conv2d(x, WEIGHT),
    "conv2d weight": lambda x: F.conv2d(IMAGE, x),
    "conv2d bias": lambda x: F.conv2d(IMAGE, WEIGHT, x),
    "linear": lambda x: F.linear(x, tensor(4, 6)),
    "linear weight": lambda x: F.linear(IMAGE, x),
    "linear bias": lambda x: F.linear(IMAGE, tensor(4, 6), x),
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, 2),
    "adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x, 2),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "batch_norm running_mean": lambda x: F.batch_norm(IMAGE, x, x, training=True),
    "batch_norm weight": lambda x: F.batch_norm(IMAGE, None, None, x, training=True),
    "dropout": lambda x: F.dropout(x),
    "dropout2d": lambda x: F.dropout2d(x),
    "relu": lambda x: F.relu(x),
    "leaky_relu": lambda x: F.leaky_relu(x),
    "prelu": lambda x: F.prelu(x, tensor(1)),
    "prelu weight": lambda x: F.prelu(IMAGE, x),
    "elu": lambda x: F.elu(x),
    "sigmoid": lambda x: F.sigmoid(x),
    "tanh": lambda x: F.tanh(x),
    "softmax": lambda x: F.softmax(x, 1),
    "log_softmax": lambda x: F.log_softmax(x, 1),
    "cross_entropy": lambda x: F.cross_entropy(x, mt.tensor([1])),
    "cross_entropy target": lambda x: F.cross_entropy(tensor(2, 3), x),
    "cross_entropy weight": lambda x: F.cross_entropy(tensor(2, 3), mt.tensor([1, 2]), x),
    "nll_loss": lambda x: F.nll_loss(x, mt.tensor([1])),
    "mse_loss": lambda x: F.mse_loss(x, IMAGE),
    "mse_loss target": lambda x: F.mse_loss(IMAGE, x),
    "mse_loss weight": lambda x: F.mse_loss(IMAGE, IMAGE, weight=x),
    "l1_loss": lambda x: F.l1_loss(x, IMAGE),
    "pad": lambda x: F.pad(x, (1, 1)),
    "unfold": lambda x: F.unfold(x, 2),
    "fold": lambda x: F.fold(x, 2, 1),
}


def test_every_function_is_listed_above():
    assert {call.split()[0] for call in CALLS} == set(F.__all__)


@pytest.mark.parametrize("name", CALLS)
def test_numpy_arrays_are_refused_with_the_way_to_convert(name):
    op, argument = (name.split() + ["input"])[:2]
    words = rf"{op}: {argument} is a Tensor \(got numpy.ndarray\)"
    with pytest.raises(TypeError, match=words) as caught:
        CALLS[name](RNG.normal(size=(2, 3, 6, 6)))
    assert f"minitorch_cv.from_numpy({argument})" in str(caught.value)
    with pytest.raises(TypeError, match=rf"{op}: {argument} is a Tensor \(got list\)"):
        CALLS[name]([1.0])


def test_none_is_refused_where_a_tensor_is_needed():
    with pytest.raises(TypeError, match="conv2d: weight is a Tensor .got None"):
        F.conv2d(IMAGE, None)
    with pytest.raises(TypeError, match="cross_entropy: target is a Tensor .got None"):
        F.cross_entropy(tensor(2, 3), None)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: F.conv2d(x, WEIGHT, tensor(4), padding=1, stride=2),
        lambda x: F.max_pool2d(x, 2),
        lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False),
        lambda x: F.adaptive_avg_pool2d(x, (2, None)),
        lambda x: F.adaptive_max_pool2d(x, 2),
        lambda x: F.unfold(x, (2, 3)),
        lambda x: F.fold(F.unfold(x, 2), (6, 6), 2),
        *(lambda x, k=k: F.max_pool2d(x, 2, return_indices=True)[k] for k in range(2)),
        *(lambda x, k=k: F.adaptive_max_pool2d(x, 2, return_indices=True)[k] for k in range(2)),
    ],
)
def test_images_without_a_batch(call):
    global RNG
    RNG = np.random.default_rng(4)
    one = call(IMAGE[0])
    RNG = np.random.default_rng(4)
    many = call(IMAGE[:1])
    assert one.shape == many.shape[1:] and mt.equal(one, many[0])


def test_gradient_flows_through_an_image_without_a_batch():
    x = tensor(3, 6, 6, requires_grad=True)
    F.max_pool2d(F.conv2d(x, WEIGHT), 2).sum().backward()
    assert x.grad.shape == (3, 6, 6) and float(x.grad.abs().sum()) > 0


@pytest.mark.parametrize("shape", [(6,), (6, 6), (2, 2, 3, 6, 6)])
@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d",
                                  "adaptive_max_pool2d", "unfold"])  # fmt: skip
def test_wrong_ranks_stay_clear(name, shape):
    with pytest.raises(ValueError) as caught:
        CALLS[name](mt.zeros(*shape, dtype=mt.float64))
    assert str(shape) in str(caught.value) and "(N, C, H, W)" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "inplace"),
    [
        ("relu", lambda x: F.relu(x, inplace=True)),
        ("leaky_relu", lambda x: F.leaky_relu(x, 0.3, inplace=True)),
        ("elu", lambda x: F.elu(x, 0.5, inplace=True)),
        ("dropout", lambda x: F.dropout(x, 0.5, inplace=True, generator=mt.Generator(1))),
    ],
)
def test_in_place_forms(name, inplace):
    plain = {
        "relu": F.relu,
        "leaky_relu": lambda x: F.leaky_relu(x, 0.3),
        "elu": lambda x: F.elu(x, 0.5),
        "dropout": lambda x: F.dropout(x, 0.5, generator=mt.Generator(1)),
    }[name]
    x = tensor(4, 5)
    expected = plain(x)
    changed = x.clone()
    assert inplace(changed) is changed and mt.equal(changed, expected)
    a, b = (x.detach().clone().requires_grad_() for _ in range(2))
    plain(a * 2).sum().backward()
    inplace(b * 2).sum().backward()
    assert mt.equal(a.grad, b.grad)
    with pytest.raises(RuntimeError, match="a leaf that requires grad"):
        inplace(b)


def test_relu_of_integers():
    assert F.relu(mt.tensor([-1, 2])).tolist() == [0, 2]
    assert F.relu(mt.tensor([-1, 2])).dtype == mt.int64
    with pytest.raises(TypeError, match="relu: input is of a number dtype"):
        F.relu(mt.tensor([True]))


@pytest.mark.parametrize("name", ["leaky_relu", "elu", "softmax", "log_softmax", "dropout"])
def test_integers_are_refused(name):
    with pytest.raises(TypeError, match=f"{name}: .*float"):
        CALLS[name](mt.tensor([[1, 2]]))


def test_sigmoid_and_tanh_of_integers_are_floats():
    assert F.sigmoid(mt.tensor([0])).tolist() == [0.5]
    assert F.tanh(mt.tensor([0])).dtype == mt.float32


def test_mixed_dtypes_name_the_op():
    for call in (
        lambda: F.conv2d(IMAGE.float(), WEIGHT),
        lambda: F.linear(IMAGE.float(), tensor(2, 6)),
        lambda: F.prelu(IMAGE.float(), tensor(1)),
        lambda: F.batch_norm(IMAGE, None, None, mt.ones(3), training=True),
        lambda: F.nll_loss(IMAGE.float(), mt.zeros(2, 6, 6, dtype=mt.int64), tensor(3)),
    ):
        with pytest.raises(TypeError, match=r"^(conv2d|linear|prelu|batch_norm|nll_loss): "):
            call()


def test_dim_of_softmax_that_is_not_given():
    for ndim, dim in ((1, 0), (2, 1), (3, 0), (4, 1)):
        x = tensor(*(2,) * ndim)
        with pytest.warns(UserWarning, match="dim was not given"):
            assert mt.equal(F.softmax(x), F.softmax(x, dim))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert F.softmax(tensor(2, 2), dim=0, dtype=mt.float32).dtype == mt.float32


def test_old_reduction_arguments():
    x, y = tensor(3, 2), tensor(3, 2)
    for old, new in (
        ({"size_average": False}, "sum"), ({"reduce": False}, "none"), ({"reduce": True}, "mean"),
    ):  # fmt: skip
        with pytest.warns(DeprecationWarning, match="use reduction="):
            assert mt.equal(F.mse_loss(x, y, **old), F.mse_loss(x, y, reduction=new))


def test_weighted_distances():
    x, y, w = tensor(3, 2), tensor(3, 2), tensor(3, 2).abs()
    each = (x - y) ** 2 * w
    assert mt.allclose(F.mse_loss(x, y, weight=w), each.sum() / w.sum())
    assert mt.allclose(F.mse_loss(x, y, weight=w, reduction="sum"), each.sum())
    assert mt.allclose(F.l1_loss(x, y, weight=w, reduction="none"), (x - y).abs() * w)
    with pytest.raises(ValueError, match="l1_loss: weight has the shape of the input"):
        F.l1_loss(x, y, weight=w[:1])
    for reduction in ("avg", None):
        with pytest.raises(ValueError, match="no such reduction"):
            F.mse_loss(x, y, weight=w, reduction=reduction)


def test_fold_is_the_adjoint_of_unfold():
    x, g = tensor(2, 3, 5, 6), tensor(2, 12, 12)
    options = {"kernel_size": (2, 2), "dilation": 1, "padding": (1, 0), "stride": (2, 2)}
    columns = F.unfold(x, **options)
    assert columns.shape == (2, 12, 9)
    g = tensor(2, 12, 9)
    left, right = (columns * g).sum(), (x * F.fold(g, (5, 6), **options)).sum()
    assert left.item() == pytest.approx(right.item())
    with pytest.raises(ValueError, match=r"fold: input is \(N, C\*4, 9\)"):
        F.fold(tensor(2, 12, 8), (5, 6), **options)


def test_pad_modes():
    x = mt.arange(4.0).reshape(1, 1, 2, 2)
    assert F.pad(x, (1, 0)).tolist() == [[[[0, 0, 1], [0, 2, 3]]]]
    assert F.pad(x, [0, 1], value=5).tolist() == [[[[0, 1, 5], [2, 3, 5]]]]
    assert F.pad(x, (0, 0, 1, 0), mode="circular").tolist() == [[[[2, 3], [0, 1], [2, 3]]]]
