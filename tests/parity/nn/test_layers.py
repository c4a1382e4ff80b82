"""Every layer against PyTorch's: outputs, all gradients, buffers, repr, state dict, errors."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

# A layer as text (for both libraries), and the shape of its input.
LAYERS = [
    ("Conv2d(3, 6, 5)", (2, 3, 9, 8)),
    ("Conv2d(3, 6, 3)", (3, 7, 8)),
    ("Conv2d(4, 6, (3, 2), (2, 1), (1, 2), dilation=(1, 2), groups=2)", (2, 4, 9, 8)),
    ("Conv2d(3, 4, 3, padding='same', dilation=2)", (2, 3, 9, 8)),
    ("Conv2d(3, 4, (2, 4), padding='same')", (2, 3, 6, 7)),
    ("Conv2d(3, 4, 3, padding='valid', bias=False)", (2, 3, 6, 7)),
    ("Conv2d(3, 4, 3, padding=(2, 1), padding_mode='reflect')", (2, 3, 6, 7)),
    ("Conv2d(3, 4, 3, padding=(2, 1), padding_mode='replicate', stride=2)", (2, 3, 6, 7)),
    ("Conv2d(3, 4, 3, padding=(2, 1), padding_mode='circular')", (2, 3, 6, 7)),
    ("Conv2d(3, 4, (2, 3), padding='same', padding_mode='reflect')", (2, 3, 6, 7)),
    ("Conv2d(4, 4, 3, groups=4, padding=1)", (2, 4, 6, 7)),
    ("Linear(5, 4)", (3, 5)),
    ("Linear(5, 4, bias=False)", (2, 3, 5)),
    ("Linear(5, 4)", (5,)),
    ("MaxPool2d(2)", (2, 3, 6, 7)),
    ("MaxPool2d(3, stride=2, padding=1)", (3, 6, 7)),
    ("MaxPool2d((3, 2), stride=(1, 2), dilation=(2, 1), ceil_mode=True)", (2, 3, 8, 7)),
    ("AvgPool2d(2)", (2, 3, 6, 7)),
    ("AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)", (2, 3, 6, 7)),
    ("AvgPool2d((2, 3), divisor_override=5)", (3, 6, 7)),
    ("AdaptiveAvgPool2d(1)", (2, 3, 6, 7)),
    ("AdaptiveAvgPool2d((3, None))", (2, 3, 7, 5)),
    ("AdaptiveAvgPool2d((4, 2))", (3, 7, 5)),
    ("AdaptiveMaxPool2d((3, 2))", (2, 3, 7, 5)),
    ("AdaptiveMaxPool2d(2)", (3, 7, 5)),
    ("BatchNorm2d(3)", (4, 3, 5, 2)),
    ("BatchNorm2d(3, eps=0.1, momentum=0.3, affine=False)", (4, 3, 5, 2)),
    ("BatchNorm2d(3, bias=False, momentum=None)", (4, 3, 5, 2)),
    ("BatchNorm2d(3, track_running_stats=False)", (4, 3, 5, 2)),
    ("BatchNorm1d(3)", (4, 3)),
    ("BatchNorm1d(3)", (4, 3, 5)),
    ("Dropout(0.0)", (3, 4)),
    ("Dropout(1.0)", (3, 4)),
    ("Dropout2d(0.0)", (2, 3, 4, 4)),
    ("ReLU()", (3, 4)),
    ("LeakyReLU(0.2)", (3, 4)),
    ("LeakyReLU()", (3, 4)),
    ("PReLU()", (2, 3, 4, 2)),
    ("PReLU(3, init=0.1)", (2, 3, 4, 2)),
    ("ELU(0.7)", (3, 4)),
    ("Sigmoid()", (3, 4)),
    ("Tanh()", (3, 4)),
    ("Softmax(dim=1)", (3, 4)),
    ("LogSoftmax(dim=-1)", (3, 4)),
    ("Flatten()", (2, 3, 4)),
    ("Flatten(0, 1)", (2, 3, 4)),
    ("Unflatten(1, (2, -1))", (3, 4)),
    ("Identity(3, colour='red')", (2, 3)),
    ("Sequential()", (2, 3)),
    ("Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Flatten())",
     (2, 3, 5, 5)),
]  # fmt: skip


def build(library, text):
    return eval(("" if "nn." in text and text.startswith("nn.") else "nn.") + text, {"nn": library})


def twins(text, dtype=np.float64):
    """The layer of both libraries with the same, uncommon, parameters and buffers."""
    theirs, ours = build(torch.nn, text), build(nn, text)
    rng = np.random.default_rng(7)
    state = {}
    for key, value in theirs.state_dict().items():
        drawn = rng.uniform(0.5, 1.5, value.shape) if value.is_floating_point() else 3
        state[key] = np.asarray(drawn, value.numpy().dtype)
    theirs.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
    ours.load_state_dict(state)
    name = "float64" if dtype is np.float64 else "float32"
    return theirs.to(getattr(torch, name)), ours.to(dtype)


def close(ours, theirs, dtype, message=""):
    tolerance = {np.float64: 1e-10, np.float32: 1e-5}[dtype]
    expected = theirs.detach().numpy()
    assert ours.shape == expected.shape, message
    scale = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(
        ours.detach().numpy(), expected, rtol=tolerance, atol=tolerance * scale, err_msg=message
    )


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("text", "shape"), LAYERS)
def test_layer(text, shape, dtype, mode):
    theirs, ours = twins(text, dtype)
    getattr(theirs, mode)()
    getattr(ours, mode)()
    rng = np.random.default_rng(1)
    for _ in range(3):  # three steps, so that running statistics move on
        x = rng.normal(size=shape).astype(dtype)
        tx = torch.tensor(x, requires_grad=True)
        mx = mt.tensor(x, requires_grad=True)
        ty, my = theirs(tx), ours(mx)
        close(my, ty, dtype, "output")
        theirs.zero_grad()
        ours.zero_grad()
        gy = rng.normal(size=ty.shape).astype(dtype)
        ty.backward(torch.tensor(gy))
        my.backward(mt.tensor(gy))
        close(mx.grad, tx.grad, dtype, "gradient of the input")
        for (name, p), (_, q) in zip(
            ours.named_parameters(), theirs.named_parameters(), strict=True
        ):
            close(p.grad, q.grad, dtype, f"gradient of {name}")
        for (name, p), (_, q) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
            close(p, q, dtype, f"buffer {name}")


@pytest.mark.parametrize(("text", "shape"), LAYERS)
def test_repr_and_state_dict(text, shape):
    theirs, ours = build(torch.nn, text), build(nn, text)
    assert repr(ours) == repr(theirs)
    state = theirs.state_dict()
    assert {key: value.shape for key, value in ours.state_dict().items()} == {
        key: tuple(value.shape) for key, value in state.items()
    }
    assert list(ours.state_dict()) == list(state)
    assert [str(v.dtype) for v in ours.state_dict().values()] == [
        str(v.dtype).removeprefix("torch.") for v in state.values()
    ]


CONTAINERS = [
    "ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()])",
    "ModuleList()",
    "ModuleDict({'a': nn.Linear(2, 3), 'b': nn.Sequential(nn.ReLU())})",
    "ModuleDict([('a', nn.ELU())])",
    "Sequential(nn.ModuleList([nn.Sequential(nn.Tanh()), nn.Sequential(nn.Tanh())]))",
    "CrossEntropyLoss()",
    "NLLLoss(ignore_index=3)",
    "MSELoss(reduction='sum')",
    "L1Loss()",
]


@pytest.mark.parametrize("text", CONTAINERS)
def test_repr_of_containers(text):
    assert repr(build(nn, text)) == repr(build(torch.nn, text))
    assert list(build(nn, text).state_dict()) == list(build(torch.nn, text).state_dict())


@pytest.mark.parametrize("text", [
    "Conv2d(3, 4, 3, groups=2)", "Conv2d(4, 3, 3, groups=2)", "Conv2d(4, 4, 3, groups=0)",
    "Conv2d(3, 4, 3, padding='full')", "Conv2d(3, 4, 3, padding='same', stride=2)",
    "Conv2d(3, 4, 3, padding_mode='mirror')", "Dropout(1.5)", "Dropout(-0.1)", "Dropout2d(2)",
    "Unflatten(1, 3)", "Unflatten(1, (2, 'a'))", "ModuleList(3)", "ModuleDict(3)",
    "ModuleDict([('a',)])", "Sequential(3)", "Sequential(nn.ReLU())[1]",
    "Sequential(nn.ReLU()).insert(5, nn.ReLU())", "Sequential(nn.ReLU()).insert(0, 3)",
    "ModuleList([nn.ReLU()])[3]", "ModuleList().append(3)", "Linear(-1, 2)", "Conv2d(-2, 2, 1)",
    "Conv2d(3, 4)",
])  # fmt: skip
def test_constructors_that_raise(text):
    with pytest.raises(Exception):  # noqa: B017 (that it raises at all; ours is judged below)
        build(torch.nn, text)
    with pytest.raises((ValueError, TypeError, IndexError)):
        build(nn, text)


CALLS = [
    ("Conv2d(3, 4, 3)", (2, 4, 8, 8)),
    ("Conv2d(3, 4, 3)", (2, 3)),
    ("Conv2d(3, 4, 3)", (2, 3, 2, 2)),
    ("Conv2d(3, 4, 3)", (2, 3, 1, 8, 8)),
    ("Conv2d(3, 4, 5, padding=4, padding_mode='reflect')", (1, 3, 4, 4)),
    ("Linear(5, 4)", (3, 4)),
    ("MaxPool2d(5)", (1, 1, 4, 4)),
    ("MaxPool2d(2, padding=2)", (1, 1, 4, 4)),
    ("MaxPool2d(2)", (4, 4)),
    ("AvgPool2d(5)", (1, 1, 4, 4)),
    ("AvgPool2d(2)", (4, 4)),
    ("AdaptiveAvgPool2d(2)", (4, 4)),
    ("AdaptiveMaxPool2d(2)", (4, 4)),
    ("BatchNorm2d(3)", (4, 3)),
    ("BatchNorm2d(3)", (4, 2, 3, 3)),
    ("BatchNorm2d(3)", (1, 3, 1, 1)),
    ("BatchNorm1d(3)", (4, 3, 2, 2)),
    ("BatchNorm1d(3)", (1, 3)),
    ("BatchNorm1d(3)", (3,)),
    ("PReLU(3)", (2, 4, 5)),
    ("Softmax(dim=2)", (3, 4)),
    ("Unflatten(1, (2, 3))", (3, 4)),
    ("Flatten(2)", (3, 4)),
]


@pytest.mark.parametrize(("text", "shape"), CALLS)
def test_calls_that_raise(text, shape):
    x = np.zeros(shape, np.float32)
    with pytest.raises(Exception):  # noqa: B017
        build(torch.nn, text)(torch.tensor(x))
    with pytest.raises((ValueError, TypeError, IndexError)) as caught:
        build(nn, text)(mt.tensor(x))
    assert ": " in str(caught.value)


@pytest.mark.parametrize("text", ["MaxPool2d(2, return_indices=True)",
                                  "AdaptiveMaxPool2d(3, return_indices=True)"])  # fmt: skip
@pytest.mark.parametrize("shape", [(2, 3, 6, 7), (3, 6, 7)])
def test_indices(text, shape):
    x = np.random.default_rng(0).normal(size=shape)
    for mine, true in zip(
        build(nn, text)(mt.tensor(x)), build(torch.nn, text)(torch.tensor(x)), strict=True
    ):
        np.testing.assert_array_equal(mine.numpy(), true.numpy())


LOSSES = [
    ("CrossEntropyLoss()", (4, 3), "labels"),
    ("CrossEntropyLoss(reduction='none')", (4, 3, 2), "labels"),
    ("CrossEntropyLoss(label_smoothing=0.2, ignore_index=1)", (4, 3), "labels"),
    ("CrossEntropyLoss(reduction='sum')", (4, 3), "probabilities"),
    ("CrossEntropyLoss(weight)", (4, 3), "labels"),
    ("CrossEntropyLoss()", (3,), "labels"),
    ("NLLLoss()", (4, 3), "labels"),
    ("NLLLoss(weight, ignore_index=2)", (4, 3, 2, 2), "labels"),
    ("NLLLoss(reduction='sum')", (4, 3), "labels"),
    ("MSELoss()", (4, 3), "values"),
    ("MSELoss(reduction='none')", (4, 3), "values"),
    ("L1Loss()", (4, 3), "values"),
    ("L1Loss(reduction='sum')", (4, 3), "values"),
]


@pytest.mark.parametrize(("text", "shape", "kind"), LOSSES)
def test_losses(text, shape, kind):
    rng = np.random.default_rng(3)
    x = rng.normal(size=shape)
    positions = shape[:1] + shape[2:] if len(shape) > 1 else ()
    target = {
        "labels": np.arange(np.prod(positions, dtype=int)).reshape(positions) % 3,
        "probabilities": rng.dirichlet(np.ones(3), 4),
        "values": rng.normal(size=shape),
    }[kind]
    weight = np.array([0.5, 2.0, 1.5])
    theirs = eval(f"nn.{text}", {"nn": torch.nn, "weight": torch.tensor(weight)})
    ours = eval(f"nn.{text}", {"nn": nn, "weight": mt.tensor(weight)})
    tx, mx = torch.tensor(x, requires_grad=True), mt.tensor(x, requires_grad=True)
    ty, my = theirs(tx, torch.tensor(target)), ours(mx, mt.tensor(target))
    close(my, ty, np.float64)
    assert not my.isnan().any()
    gy = rng.normal(size=ty.shape)
    ty.backward(torch.tensor(gy))
    my.backward(mt.tensor(gy))
    close(mx.grad, tx.grad, np.float64)
    assert list(ours.state_dict()) == list(theirs.state_dict())
