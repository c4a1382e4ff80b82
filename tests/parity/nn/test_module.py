"""Modules as PyTorch has them: hooks, names, loading, and what the functions do in corner cases."""

import inspect

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as MF
from minitorch_cv import nn

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
TF = torch.nn.functional

OURS_ALONE = {
    "Maxout", "DiceLoss", "FocalLoss", "MultiClassHingeLoss", "add_relu", "batch_norm_add_relu",
    "dice_loss", "maxout", "multi_class_hinge_loss", "sigmoid_focal_loss", "softmax_focal_loss",
}  # fmt: skip
# Built in, or any arguments, which mean nothing.
UNSIGNED = (
    "Parameter", "Sigmoid", "Tanh", "LogSigmoid", "Softmax2d", "Softsign", "Tanhshrink",
)  # fmt: skip
CLASSES = [name for name in nn.__all__ if inspect.isclass(getattr(nn, name))]


@pytest.mark.parametrize("name", [n for n in CLASSES if n not in ("Module", "Sequential")])
def test_constructor_arguments(name):
    ours = inspect.signature(getattr(nn, name).__init__).parameters
    if name in OURS_ALONE or name in UNSIGNED:
        return
    theirs = inspect.signature(getattr(torch.nn, name).__init__).parameters
    assert [(p.name, p.default, p.kind) for p in ours.values()] == [
        (p.name, p.default, p.kind) for p in theirs.values()
    ]


def test_what_we_have_alone_pytorch_has_not():
    assert not [name for name in OURS_ALONE if hasattr(torch.nn, name) or hasattr(TF, name)]


@pytest.mark.parametrize("name", MF.__all__)
def test_function_arguments(name):
    ours = inspect.signature(getattr(MF, name)).parameters
    if name in OURS_ALONE:
        return
    try:
        theirs = inspect.signature(getattr(TF, name)).parameters
    except ValueError:
        pytest.skip("PyTorch's is built in and has no signature")
    if set(theirs) == {"args", "kwargs"}:
        pytest.skip("PyTorch's chooses between two signatures")
    mine = [(p.name, p.default) for p in ours.values() if p.name != "generator"]
    assert mine == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize("name", [n for n in nn.init.__dict__ if n.endswith("_") and n[0] != "_"])
def test_init_arguments(name):
    ours = inspect.signature(getattr(nn.init, name)).parameters
    theirs = inspect.signature(getattr(torch.nn.init, name)).parameters
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in theirs.values()
    ]


def test_methods_of_module():
    public = {name for name in dir(torch.nn.Module) if name[0] != "_"}
    left_out = {
        "T_destination", "bfloat16", "call_super_init", "compile", "dump_patches",
        "get_extra_state", "ipu", "mtia", "register_backward_hook",
        "register_load_state_dict_post_hook", "register_load_state_dict_pre_hook",
        "register_state_dict_post_hook", "register_state_dict_pre_hook", "set_extra_state",
        "set_submodule", "share_memory", "to_empty", "xpu",
    }  # fmt: skip
    assert public - set(dir(nn.Module)) == left_out


def lenet(library):
    n = library.nn if library is torch else nn
    return n.Sequential(
        n.Conv2d(1, 2, 3), n.BatchNorm2d(2), n.ReLU(), n.MaxPool2d(2),
        n.Flatten(), n.Linear(18, 4), n.ReLU(), n.Linear(4, 3),
    )  # fmt: skip


def recorder(log, kind):
    """A hook that notes who called it, and the sum of each value's elements."""

    def hook(module, *values):
        tensors = [value[0] if isinstance(value, tuple) else value for value in values]
        sums = [None if t is None else float(t.detach().abs().sum()) for t in tensors]
        log.append((type(module).__name__, kind, sums))

    return hook


def test_hooks_fire_alike():
    """Order of all hooks, and the values that they see."""
    x = np.random.default_rng(0).normal(size=(2, 1, 8, 8)).astype(np.float32)
    theirs = lenet(torch)
    state = {key: value.numpy() for key, value in theirs.state_dict().items()}
    logs = []
    for library, net in ((torch, theirs), (mt, lenet(mt))):
        net.load_state_dict({key: library.tensor(value) for key, value in state.items()})
        log = []
        for layer in net.modules():
            layer.register_forward_pre_hook(recorder(log, "pre"))
            layer.register_forward_hook(recorder(log, "forward"))
            layer.register_full_backward_pre_hook(recorder(log, "backward pre"))
            layer.register_full_backward_hook(recorder(log, "backward"))
        net(library.tensor(x, requires_grad=True)).sum().backward()
        logs.append(log)
    assert [entry[:2] for entry in logs[0]] == [entry[:2] for entry in logs[1]]
    for a, b in zip(*logs, strict=True):
        assert a[2] == pytest.approx(b[2], rel=1e-3, abs=1e-5), a


def test_names_and_orders():
    theirs, ours = lenet(torch), lenet(mt)
    for library, net in ((torch, theirs), (mt, ours)):
        net.register_buffer("extra", library.ones(2))
        net.shared = net[0]
        net.register_parameter("none", None)
    for walk in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [n for n, _ in getattr(ours, walk)()] == [n for n, _ in getattr(theirs, walk)()]
    for walk in ("named_parameters", "named_buffers", "named_modules"):
        a, b = (
            [n for n, _ in getattr(net, walk)(prefix="p", remove_duplicate=False)]
            for net in (ours, theirs)
        )
        assert a == b
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("change", [
    lambda s: s.pop("0.bias"),
    lambda s: s.update(other=s["0.bias"]),
    lambda s: s.update({"0.bias": s["5.weight"]}),
    lambda s: s.update({"0.bias": "text"}),
    lambda s: s.pop("1.num_batches_tracked"),
])  # fmt: skip
@pytest.mark.parametrize("strict", [True, False])
def test_loading_raises_alike(change, strict):
    theirs, ours = lenet(torch), lenet(mt)
    outcomes = []
    for net in (theirs, ours):
        state = net.state_dict()
        change(state)
        try:
            missing, unexpected = net.load_state_dict(state, strict=strict)
            outcomes.append((missing, unexpected))
        except RuntimeError:
            outcomes.append("raises")
    assert outcomes[0] == outcomes[1]


def test_gradients_after_zero_grad_and_to():
    for library, net in ((torch, lenet(torch)), (mt, lenet(mt))):
        net(library.ones(2, 1, 8, 8)).sum().backward()
        net.to(library.float64)
        dtypes = {str(p.grad.dtype).removeprefix("torch.") for p in net.parameters()}
        assert dtypes == {"float64"}
        net.zero_grad()
        assert all(p.grad is None for p in net.parameters())


def test_empty_batch_of_batch_norm():
    for library, n in ((torch, torch.nn), (mt, nn)):
        layer = n.BatchNorm2d(3)
        assert tuple(layer(library.zeros(0, 3, 2, 2)).shape) == (0, 3, 2, 2)
        assert layer.running_mean.tolist() == [0.0] * 3
        assert layer.running_var.tolist() == [1.0] * 3
        assert layer.num_batches_tracked.item() == 1


@pytest.mark.parametrize("call", [
    lambda F, x: F.pad(x, (1, 2)),
    lambda F, x: F.pad(x, (1, 2, 0, 3), "constant", 2.5),
    lambda F, x: F.pad(x, (-1, 2), value=1.0),
    lambda F, x: F.pad(x, (1, 2, 2, 1), mode="reflect"),
    lambda F, x: F.pad(x, (1, 2, 2, 1), mode="replicate"),
    lambda F, x: F.pad(x, (1, 2, 2, 1), mode="circular"),
    lambda F, x: F.unfold(x, (2, 3), dilation=(1, 2), padding=1, stride=(2, 1)),
    lambda F, x: F.fold(F.unfold(x, 2, stride=2), (4, 6), 2, stride=2),
    lambda F, x: F.softmax(x, -1),
    lambda F, x: F.mse_loss(x, x * 2, weight=x * x),
    lambda F, x: F.l1_loss(x, x * 2, weight=x * x, reduction="sum"),
    lambda F, x: F.elu(x * 1, inplace=True),
    lambda F, x: F.leaky_relu(x * 1, inplace=True),
    lambda F, x: F.relu(x * 1, inplace=True) * x,
])  # fmt: skip
def test_functions(call):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 6))
    tx, mx = torch.tensor(x, requires_grad=True), mt.tensor(x, requires_grad=True)
    ty, my = call(TF, tx), call(MF, mx)
    np.testing.assert_allclose(my.detach().numpy(), ty.detach().numpy(), rtol=1e-10, atol=1e-12)
    gy = np.random.default_rng(1).normal(size=ty.shape)
    ty.backward(torch.tensor(gy))
    my.backward(mt.tensor(gy))
    np.testing.assert_allclose(mx.grad.numpy(), tx.grad.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("call", [
    lambda t, F: F.relu(t.tensor([True])),
    lambda t, F: F.leaky_relu(t.tensor([1])),
    lambda t, F: F.elu(t.tensor([1])),
    lambda t, F: F.softmax(t.tensor([1]), 0),
    lambda t, F: F.dropout(t.tensor([1.0]), 1.5),
    lambda t, F: F.dropout(t.tensor([1.0]), -1, training=False),
    lambda t, F: F.conv2d(t.zeros(1, 1, 4, 4), t.zeros(1, 1, 3, 3, dtype=t.float64)),
    lambda t, F: F.conv2d(t.zeros(1, 1, 4, 4), t.zeros(1, 1, 3, 3), padding="same", stride=2),
    lambda t, F: F.conv2d(t.zeros(1, 1, 4, 4), t.zeros(1, 1, 3, 3), stride=0),
    lambda t, F: F.conv2d(t.zeros(1, 1, 4, 4), t.zeros(1, 1, 3, 3), padding=-1),
    lambda t, F: F.conv2d(t.zeros(1, 1, 4, 4), t.zeros(1, 1, 3, 3), t.zeros(2)),
    lambda t, F: F.linear(t.zeros(2, 3), t.zeros(4, 3, dtype=t.float64)),
    lambda t, F: F.linear(t.zeros(2, 3), t.zeros(4, 3), t.zeros(3)),
    lambda t, F: F.batch_norm(t.zeros(2, 3), None, None),
    lambda t, F: F.batch_norm(t.zeros(2, 3), t.zeros(2), t.zeros(2), training=True),
    lambda t, F: F.batch_norm(t.zeros(1, 3), t.zeros(3), t.zeros(3), training=True),
    lambda t, F: F.batch_norm(t.zeros(2, 3), None, None, training=True, eps=0.0),
    lambda t, F: F.cross_entropy(t.zeros(2, 3), t.tensor([0, 3])),
    lambda t, F: F.cross_entropy(t.zeros(2, 3), t.tensor([0, 1, 2])),
    lambda t, F: F.cross_entropy(t.zeros(2, 3), t.tensor([0, 1]), reduction="avg"),
    lambda t, F: F.cross_entropy(t.zeros(2, 3), t.tensor([0, 1]), t.ones(2)),
    lambda t, F: F.cross_entropy(t.zeros(2, 3), t.tensor([0, 1]), label_smoothing=1.5),
    lambda t, F: F.nll_loss(t.zeros(2, 3), t.tensor([0.0, 1.0])),
    lambda t, F: F.mse_loss(t.zeros(2, 3), t.zeros(2, 3), reduction="avg"),
    lambda t, F: F.pad(t.zeros(1, 1, 3, 3), (1, 2, 3)),
    lambda t, F: F.pad(t.zeros(1, 1, 3, 3), (3, 3), mode="reflect"),
    lambda t, F: F.pad(t.zeros(1, 1, 3, 3), (1, 1), mode="mirror"),
    lambda t, F: F.max_pool2d(t.zeros(1, 1, 4, 4), 2, padding=2),
    lambda t, F: F.max_pool2d(t.zeros(1, 1, 4, 4), 0),
    lambda t, F: F.max_pool2d(t.zeros(1, 1, 4, 4), 2, stride=0),
    lambda t, F: F.avg_pool2d(t.zeros(1, 1, 4, 4), 2, stride=0),
    lambda t, F: F.avg_pool2d(t.zeros(1, 1, 4, 4), 2, divisor_override=0),
    lambda t, F: F.adaptive_avg_pool2d(t.zeros(1, 1, 4, 4), (1, 2, 3)),
    lambda t, F: F.adaptive_avg_pool2d(t.zeros(1, 1, 4, 4), -1),
    lambda t, F: F.fold(t.zeros(1, 4, 3), (3, 3), 2),
    lambda t, F: F.relu(t.zeros(2, requires_grad=True), inplace=True),
])  # fmt: skip
def test_calls_that_raise(call):
    with pytest.raises(Exception):  # noqa: B017
        call(torch, TF)
    with pytest.raises((ValueError, TypeError, IndexError, RuntimeError)) as caught:
        call(mt, MF)
    assert ": " in str(caught.value) and "operands could not be" not in str(caught.value)


@pytest.mark.parametrize("plain", [True, False])
def test_a_state_dict_without_the_counter_of_batches(plain):
    theirs, ours = torch.nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    state = theirs.state_dict()
    del state["num_batches_tracked"]
    answers = []
    for layer in (theirs, ours):
        given = dict(state) if plain else state
        if layer is ours:
            arrays = {key: value.numpy() for key, value in given.items()}
            given = type(given)(arrays)
            if not plain:
                given._metadata = state._metadata
        try:
            layer.load_state_dict(given)
            answers.append("loaded")
        except RuntimeError:
            answers.append("refused")
    assert answers == (["loaded"] * 2 if plain else ["refused"] * 2)
