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
    "conv1d": lambda x: F.conv1d(x, WEIGHT[..., 0]),
    "conv3d": lambda x: F.conv3d(x, WEIGHT[..., None]),
    "conv_transpose1d": lambda x: F.conv_transpose1d(x, WEIGHT[:3, ..., 0]),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x, WEIGHT[:3]),
    "conv_transpose2d weight": lambda x: F.conv_transpose2d(IMAGE, x),
    "conv_transpose2d bias": lambda x: F.conv_transpose2d(IMAGE, WEIGHT[:3], x),
    "conv_transpose3d": lambda x: F.conv_transpose3d(x, WEIGHT[:3, ..., None]),
    "add_relu": lambda x: F.add_relu(x, IMAGE),
    "add_relu other": lambda x: F.add_relu(IMAGE, x),
    "linear": lambda x: F.linear(x, tensor(4, 6)),
    "linear weight": lambda x: F.linear(IMAGE, x),
    "linear bias": lambda x: F.linear(IMAGE, tensor(4, 6), x),
    "bilinear input1": lambda x: F.bilinear(x, IMAGE, tensor(4, 6, 6)),
    "bilinear input2": lambda x: F.bilinear(IMAGE, x, tensor(4, 6, 6)),
    "bilinear weight": lambda x: F.bilinear(IMAGE, IMAGE, x),
    "bilinear bias": lambda x: F.bilinear(IMAGE, IMAGE, tensor(4, 6, 6), x),
    **{
        f"{pool}{n}d{tail}": lambda x, name=f"{pool}{n}d{tail}": getattr(F, name)(x, 2)
        for pool in ("max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool")
        for n in (1, 2, 3)
        for tail in (("", "_with_indices") if "max" in pool else ("",))
    },
    **{f"lp_pool{n}d": lambda x, name=f"lp_pool{n}d": getattr(F, name)(x, 2, 2) for n in (1, 2, 3)},
    **{
        f"max_unpool{n}d": lambda x, name=f"max_unpool{n}d": getattr(F, name)(x, IMAGE.long(), 2)
        for n in (1, 2, 3)
    },
    "max_unpool2d indices": lambda x: F.max_unpool2d(IMAGE, x, 2),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "batch_norm running_mean": lambda x: F.batch_norm(IMAGE, x, x, training=True),
    "batch_norm weight": lambda x: F.batch_norm(IMAGE, None, None, x, training=True),
    "batch_norm_add_relu": lambda x: F.batch_norm_add_relu(x, IMAGE, None, None, training=True),
    "batch_norm_add_relu shortcut": lambda x: F.batch_norm_add_relu(IMAGE, x, x, x),
    "batch_norm_add_relu bias": lambda x: F.batch_norm_add_relu(IMAGE, IMAGE, None, None, None, x),
    "dropout": lambda x: F.dropout(x),
    "dropout2d": lambda x: F.dropout2d(x),
    "dropout1d": lambda x: F.dropout1d(x),
    "dropout3d": lambda x: F.dropout3d(x),
    "alpha_dropout": lambda x: F.alpha_dropout(x),
    "feature_alpha_dropout": lambda x: F.feature_alpha_dropout(x),
    "instance_norm": lambda x: F.instance_norm(x),
    "normalize": lambda x: F.normalize(x),
    "group_norm": lambda x: F.group_norm(x, 1),
    "layer_norm": lambda x: F.layer_norm(x, (2,)),
    "rms_norm": lambda x: F.rms_norm(x, (2,)),
    "local_response_norm": lambda x: F.local_response_norm(x, 2),
    "relu": lambda x: F.relu(x),
    "leaky_relu": lambda x: F.leaky_relu(x),
    "prelu": lambda x: F.prelu(x, tensor(1)),
    "prelu weight": lambda x: F.prelu(IMAGE, x),
    **{
        name: lambda x, name=name: getattr(F, name)(x)
        for name in (
            "celu",
            "celu_",
            "elu",
            "elu_",
            "gelu",
            "glu",
            "hardshrink",
            "hardsigmoid",
            "hardswish",
            "hardtanh",
            "hardtanh_",
            "leaky_relu_",
            "logsigmoid",
            "mish",
            "relu6",
            "relu_",
            "rrelu",
            "rrelu_",
            "selu",
            "selu_",
            "sigmoid",
            "silu",
            "softplus",
            "softshrink",
            "softsign",
            "tanh",
            "tanhshrink",
        )
    },
    **{
        name: lambda x, name=name: getattr(F, name)(x, 1)
        for name in (
            "softmax",
            "log_softmax",
            "softmin",
            "maxout",
        )
    },
    "gumbel_softmax logits": lambda x: F.gumbel_softmax(x),
    "threshold": lambda x: F.threshold(x, 0.0, 1.0),
    "threshold_": lambda x: F.threshold_(x, 0.0, 1.0),
    "scaled_dot_product_attention query": lambda x: F.scaled_dot_product_attention(x, IMAGE, IMAGE),
    "scaled_dot_product_attention key": lambda x: F.scaled_dot_product_attention(IMAGE, x, IMAGE),
    "scaled_dot_product_attention value": lambda x: F.scaled_dot_product_attention(IMAGE, IMAGE, x),
    "scaled_dot_product_attention attn_mask": lambda x: F.scaled_dot_product_attention(
        IMAGE, IMAGE, IMAGE, x
    ),
    "multi_head_attention_forward query": lambda x: F.multi_head_attention_forward(
        x, IMAGE, IMAGE, 6, 2, None, None, None, None, False, 0.0, IMAGE, None
    ),
    "cross_entropy": lambda x: F.cross_entropy(x, mt.tensor([1])),
    "cross_entropy target": lambda x: F.cross_entropy(tensor(2, 3), x),
    "cross_entropy weight": lambda x: F.cross_entropy(tensor(2, 3), mt.tensor([1, 2]), x),
    "nll_loss": lambda x: F.nll_loss(x, mt.tensor([1])),
    "mse_loss": lambda x: F.mse_loss(x, IMAGE),
    "mse_loss target": lambda x: F.mse_loss(IMAGE, x),
    "mse_loss weight": lambda x: F.mse_loss(IMAGE, IMAGE, weight=x),
    "l1_loss": lambda x: F.l1_loss(x, IMAGE),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, IMAGE),
    "huber_loss": lambda x: F.huber_loss(x, IMAGE),
    "huber_loss weight": lambda x: F.huber_loss(IMAGE, IMAGE, weight=x),
    "soft_margin_loss": lambda x: F.soft_margin_loss(x, IMAGE),
    "binary_cross_entropy": lambda x: F.binary_cross_entropy(x, IMAGE),
    "binary_cross_entropy weight": lambda x: F.binary_cross_entropy(
        IMAGE.sigmoid(), IMAGE.sigmoid(), x
    ),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, IMAGE),
    "binary_cross_entropy_with_logits weight": lambda x: F.binary_cross_entropy_with_logits(
        IMAGE, IMAGE, x
    ),
    "binary_cross_entropy_with_logits pos_weight": lambda x: F.binary_cross_entropy_with_logits(
        IMAGE, IMAGE, pos_weight=x
    ),
    "kl_div": lambda x: F.kl_div(x, IMAGE),
    "kl_div target": lambda x: F.kl_div(IMAGE, x),
    "poisson_nll_loss": lambda x: F.poisson_nll_loss(x, IMAGE),
    "gaussian_nll_loss": lambda x: F.gaussian_nll_loss(x, IMAGE, 1.0),
    "gaussian_nll_loss var": lambda x: F.gaussian_nll_loss(IMAGE, IMAGE, x),
    "hinge_embedding_loss": lambda x: F.hinge_embedding_loss(x, IMAGE),
    "multilabel_soft_margin_loss": lambda x: F.multilabel_soft_margin_loss(x, IMAGE),
    "multilabel_soft_margin_loss weight": lambda x: F.multilabel_soft_margin_loss(IMAGE, IMAGE, x),
    "margin_ranking_loss input1": lambda x: F.margin_ranking_loss(x, IMAGE, IMAGE),
    "cosine_embedding_loss input1": lambda x: F.cosine_embedding_loss(x, IMAGE, mt.tensor([1])),
    "multi_margin_loss": lambda x: F.multi_margin_loss(x, mt.tensor([1])),
    "multi_margin_loss weight": lambda x: F.multi_margin_loss(
        tensor(1, 3), mt.tensor([1]), weight=x
    ),
    "multilabel_margin_loss": lambda x: F.multilabel_margin_loss(x, mt.tensor([1])),
    "multi_class_hinge_loss": lambda x: F.multi_class_hinge_loss(x, mt.tensor([1])),
    "triplet_margin_loss anchor": lambda x: F.triplet_margin_loss(x, IMAGE, IMAGE),
    "triplet_margin_with_distance_loss anchor": lambda x: F.triplet_margin_with_distance_loss(
        x, IMAGE, IMAGE
    ),
    "dice_loss": lambda x: F.dice_loss(x, IMAGE),
    "sigmoid_focal_loss inputs": lambda x: F.sigmoid_focal_loss(x, IMAGE),
    "softmax_focal_loss": lambda x: F.softmax_focal_loss(x, mt.tensor([1])),
    "softmax_focal_loss alpha": lambda x: F.softmax_focal_loss(tensor(1, 3), mt.tensor([1]), x),
    "linear_cross_entropy": lambda x: F.linear_cross_entropy(x, tensor(3, 6), mt.tensor([1])),
    "one_hot tensor": lambda x: F.one_hot(x),
    "pairwise_distance x1": lambda x: F.pairwise_distance(x, IMAGE),
    "cosine_similarity x1": lambda x: F.cosine_similarity(x, IMAGE),
    "pdist": lambda x: F.pdist(x),
    "pad": lambda x: F.pad(x, (1, 1)),
    "interpolate": lambda x: F.interpolate(x, 4),
    "upsample": lambda x: F.upsample(x, 4),
    "upsample_nearest": lambda x: F.upsample_nearest(x, 4),
    "upsample_bilinear": lambda x: F.upsample_bilinear(x, 4),
    "pixel_shuffle": lambda x: F.pixel_shuffle(x, 2),
    "pixel_unshuffle": lambda x: F.pixel_unshuffle(x, 2),
    "channel_shuffle": lambda x: F.channel_shuffle(x, 2),
    "grid_sample": lambda x: F.grid_sample(x, IMAGE),
    "affine_grid theta": lambda x: F.affine_grid(x, (1, 1, 2, 2)),
    "unfold": lambda x: F.unfold(x, 2),
    "fold": lambda x: F.fold(x, 2, 1),
}


def test_every_function_is_listed_above():
    assert {call.split()[0] for call in CALLS} == set(F.__all__)


@pytest.mark.parametrize("name", CALLS)
def test_numpy_arrays_are_refused_with_the_way_to_convert(name):
    op, argument = (name.split() + ["input"])[:2]
    op = op.removesuffix("_with_indices")
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
        lambda x: F.conv_transpose2d(x, WEIGHT[:3], tensor(3), stride=2),
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
    with pytest.raises(ValueError, match=r"fold: input is \(N, C·4, 3·3\)"):
        F.fold(tensor(2, 12, 8), (5, 6), **options)


def test_pad_modes():
    x = mt.arange(4.0).reshape(1, 1, 2, 2)
    assert F.pad(x, (1, 0)).tolist() == [[[[0, 0, 1], [0, 2, 3]]]]
    assert F.pad(x, [0, 1], value=5).tolist() == [[[[0, 1, 5], [2, 3, 5]]]]
    assert F.pad(x, (0, 0, 1, 0), mode="circular").tolist() == [[[[2, 3], [0, 1], [2, 3]]]]
