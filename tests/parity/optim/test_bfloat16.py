"""bfloat16 under autocast beside PyTorch's on the CPU: values and gradients, to one rounding."""

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv import nn, optim

torch = pytest.importorskip("torch")

# name, shapes of the inputs, arguments
CASES = [
    ("conv2d", ((3, 5, 9, 7), (4, 5, 3, 3), (4,)), {"padding": 1, "stride": 2}),
    ("conv2d", ((2, 6, 7, 5), (9, 2, 1, 3), None), {"groups": 3, "dilation": (1, 2)}),
    ("conv2d", ((1, 17, 6, 5), (3, 17, 1, 1), (3,)), {}),
    ("conv2d", ((2, 3, 4, 4), (5, 3, 3, 1), (5,)), {"padding": "same"}),
    ("conv1d", ((2, 3, 11), (4, 3, 5), (4,)), {"stride": 3}),
    ("linear", ((5, 33), (7, 33), (7,)), {}),
    ("linear", ((2, 3, 17), (1, 17), None), {}),
    ("linear", ((19,), (4, 19), (4,)), {}),
    ("matmul", ((6, 129), (129, 5)), {}),
    ("matmul", ((3, 4, 19), (3, 19, 5)), {}),
    ("matmul", ((4, 19), (19,)), {}),
    ("conv_transpose2d", ((2, 4, 5, 3), (4, 3, 3, 2), (6,)),
     {"groups": 2, "stride": 2, "padding": 1, "output_padding": 1}),
    ("conv_transpose2d", ((1, 7, 3, 3), (7, 2, 4, 1), None), {"stride": (2, 1), "dilation": 3}),
]  # fmt: skip


def call(library, functions, name):
    return library.matmul if name == "matmul" else getattr(functions, name)


def neighbours(a, b):
    """How many steps of bfloat16 lie between two arrays of its numbers, at most."""
    places = [v.astype("f").view(np.int32).astype(np.int64) >> 16 for v in (a, b)]
    ordered = [np.where(p < 0, -(p & 0x7FFF), p) for p in places]
    return int(abs(ordered[0] - ordered[1]).max())


def both(name, shapes, params, scale=1.0):
    """(y, *gradients) of ours and of PyTorch's, in float32."""
    rng = np.random.default_rng(0)
    drawn = [None if s is None else (scale * rng.normal(size=s)).astype("f") for s in shapes]
    ours = [None if a is None else mt.tensor(a).requires_grad_() for a in drawn]
    theirs = [None if a is None else torch.from_numpy(a.copy()).requires_grad_() for a in drawn]
    with mt.autocast("cpu", dtype="bfloat16"):
        y = call(mt, F, name)(*ours, **params)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        want = call(torch, torch.nn.functional, name)(*theirs, **params)
    assert y.dtype == "float32" and want.dtype == torch.bfloat16
    gy = rng.normal(size=y.shape).astype("f")
    y.backward(mt.tensor(gy))
    want.float().backward(torch.from_numpy(gy))
    found = [y, *(p.grad for p in ours if p is not None)]
    known = [want.float(), *(p.grad for p in theirs if p is not None)]
    return [t.detach().numpy() for t in found], [t.detach().numpy() for t in known]


@pytest.mark.parametrize(("name", "shapes", "params"), CASES)
def test_values_and_gradients(name, shapes, params):
    for k, (a, b) in enumerate(zip(*both(name, shapes, params), strict=True)):
        assert a.dtype == np.float32 and neighbours(a, b) <= 1, f"result {k}"


def test_a_factor_that_is_repeated():
    """PyTorch rounds each product's gradient before it sums them, ours afterwards."""
    for a, b in zip(*both("matmul", ((3, 1, 4, 19), (2, 19, 5)), {}), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2**-7 * abs(b).max())


def test_numbers_beyond_the_largest_and_below_the_smallest():
    for scale in (1e25, 1e-25):
        for a, b in zip(*both("linear", ((3, 5), (4, 5), (4,)), {}, scale), strict=True):
            np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b))
    x = np.array([[np.nan, np.inf, -np.inf, 3.4e38, 1.0]], "f").T
    with mt.autocast("cpu", dtype="bfloat16"):
        y = mt.tensor(x) @ mt.ones(1, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        want = torch.from_numpy(x) @ torch.ones(1, 1)
    np.testing.assert_array_equal(y.numpy(), want.float().numpy())


def network(library):
    return library.Sequential(
        library.Conv2d(1, 4, 3, padding=1, bias=False), library.BatchNorm2d(4), library.ReLU(),
        library.ConvTranspose2d(4, 2, 2, stride=2), library.Flatten(), library.Linear(512, 10),
    )  # fmt: skip


def losses(library, layers, model, scaler):
    """Of ten steps of SGD."""
    optimizer = (optim if library is mt else torch.optim).SGD(model.parameters(), lr=0.05)
    found = []
    for step in range(10):
        x = np.random.default_rng(step).normal(size=(8, 1, 8, 8)).astype("f")
        optimizer.zero_grad()
        with library.autocast("cpu", dtype=library.bfloat16):
            y = model(library.tensor(x))
            loss = layers.functional.cross_entropy(y, library.tensor(np.arange(8)))
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("enabled", [False, True])
def test_a_training_run_with_and_without_a_scaler(enabled):
    torch.manual_seed(0)
    ours, theirs = network(nn), network(torch.nn)
    ours.load_state_dict({k: mt.tensor(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    got = losses(mt, nn, ours, mt.amp.GradScaler("cpu", enabled=enabled))
    want = losses(torch, torch.nn, theirs, torch.amp.GradScaler("cpu", enabled=enabled))
    np.testing.assert_allclose(got, want, rtol=0, atol=0.03)
    assert got[-1] < got[0]
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert p.dtype == p.grad.dtype == "float32"
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=0, atol=0.02)
