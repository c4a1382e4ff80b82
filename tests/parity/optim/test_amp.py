"""Mixed precision beside PyTorch's: dtypes of single ops, a training run, the scaler's state."""

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv import nn, optim

torch = pytest.importorskip("torch")


def both(array):
    return mt.tensor(array), torch.from_numpy(array.copy())


def draw(*shape, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


OPS = {
    "linear": (lambda m, f, x: f.linear(x, x), (4, 4)),
    "matmul": (lambda m, f, x: x @ x, (4, 4)),
    "conv2d": (lambda m, f, x: f.conv2d(x, x), (2, 2, 3, 3)),
    "conv_transpose2d": (lambda m, f, x: f.conv_transpose2d(x, x), (2, 2, 3, 3)),
    "prelu": (lambda m, f, x: f.prelu(x, m.ones(1)), (4, 4)),
    "cross_entropy": (lambda m, f, x: f.cross_entropy(x, m.tensor([0, 1, 2, 3])), (4, 4)),
    "mse_loss": (lambda m, f, x: f.mse_loss(x, m.zeros(4, 4)), (4, 4)),
    "relu": (lambda m, f, x: f.relu(x), (4, 4)),
    "add": (lambda m, f, x: x + x.float(), (4, 4)),
    "cat": (lambda m, f, x: m.cat([x, x.float()]), (4, 4)),
    "max_pool2d": (lambda m, f, x: f.max_pool2d(x, 2), (1, 2, 4, 4)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("name", OPS)
def test_ops_answer_in_the_same_dtype(name, dtype):
    call, shape = OPS[name]
    ours, theirs = both(draw(*shape, dtype=dtype))
    with mt.autocast("cpu", dtype=mt.float16), torch.autocast("cpu", dtype=torch.float16):
        y, want = call(mt, F, ours), call(torch, torch.nn.functional, theirs)
    assert str(want.dtype) == f"torch.{y.dtype}"
    np.testing.assert_allclose(y.numpy(), want.numpy(), rtol=0, atol=2e-2)


def network(library):
    """(A bias before batch norm has no gradient but noise, which Adam would blow up.)"""
    return library.Sequential(
        library.Conv2d(1, 4, 3, padding=1, bias=False), library.BatchNorm2d(4), library.ReLU(),
        library.MaxPool2d(2), library.Flatten(), library.Linear(64, 10),
    )  # fmt: skip


def trained(library, layers, model, optimizer, scaler, spoilt, steps=12):
    """Losses and the scaler's states; in some steps a gradient is made infinite."""
    functions, tensor = layers.functional, library.tensor
    losses, states = [], []
    for step in range(steps):
        x, labels = draw(8, 1, 8, 8, seed=step), np.arange(8) % 10
        optimizer.zero_grad()
        with library.autocast("cpu", dtype=library.float16):
            loss = functions.cross_entropy(model(tensor(x)), tensor(labels))
        scaler.scale(loss).backward()
        if step in spoilt:
            next(iter(model.parameters())).grad.data[0] = float("inf")
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
        states.append(scaler.state_dict())
    return losses, states


@pytest.mark.parametrize("kind, options", [("SGD", {"lr": 0.1, "momentum": 0.9}),
                                           ("AdamW", {"lr": 0.01})])  # fmt: skip
def test_a_training_run(kind, options):
    torch.manual_seed(0)
    ours, theirs = network(nn), network(torch.nn)
    ours.load_state_dict({k: mt.tensor(v.numpy().copy()) for k, v in theirs.state_dict().items()})
    setting = {"init_scale": 2.0**10, "growth_interval": 3}
    run = (
        trained(mt, nn, ours, getattr(optim, kind)(ours.parameters(), **options),
                mt.amp.GradScaler("cpu", **setting), (4, 5)),
        trained(torch, torch.nn, theirs, getattr(torch.optim, kind)(theirs.parameters(), **options),
                torch.amp.GradScaler("cpu", **setting), (4, 5)),
    )  # fmt: skip
    (losses, states), (want, wanted) = run
    assert states == wanted and states[-1]["scale"] != 2.0**10
    np.testing.assert_allclose(losses, want, rtol=0, atol=0.02)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=0, atol=0.03)


def test_the_scaler_makes_the_same_steps():
    """Exactly: the arithmetic of scaling, unscaling, growth and backoff alone."""
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=3).astype(np.float32) for _ in range(40)]
    for step in (3, 4, 17, 30):
        gradients[step][1] = (np.inf, np.nan)[step % 2]
    found = []
    for library, optimizers in ((mt, optim), (torch, torch.optim)):
        p = library.tensor([1.0, 2.0, 3.0], requires_grad=True)
        optimizer = optimizers.SGD([p], lr=0.1)
        scaler = library.amp.GradScaler(
            "cpu", init_scale=3.0, growth_factor=1.7, backoff_factor=0.3, growth_interval=4
        )
        states = []
        for g in gradients:
            optimizer.zero_grad()
            scaler.scale((p * library.tensor(g)).sum()).backward()
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            states.append(scaler.state_dict())
        found.append((states, p.detach().numpy()))
    assert found[0][0] == found[1][0]
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)
