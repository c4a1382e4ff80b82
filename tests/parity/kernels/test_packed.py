"""Images that stay in bfloat16 between convolutions, on the emulator, beside PyTorch's autocast.

Each of these ops computes in float32 and rounds its result, in PyTorch as here, so that from the
same input the same numbers come, but for sums made in another order.
"""

import numpy as np
import pytest

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv import nn
from minitorch_cv.autograd.tape import new_tensor
from minitorch_cv.models.resnet.resnet import BasicBlock
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import compiler, emulated_cuda
from tests.kernels.cuda.conv.conftest import library  # noqa: F401 (a fixture)

torch = pytest.importorskip("torch")
TF = torch.nn.functional

pytestmark = pytest.mark.skipif(compiler() is None, reason="no g++: CUDA kernels cannot run")

OPS = {
    "relu": (lambda f, x, z, w, b: f.relu(x), 1),
    "add": (lambda f, x, z, w, b: x + z, 2),
    "add in place": (lambda f, x, z, w, b: f.relu(f.relu(x).add(0).add_(z), True), 2),
    "max_pool": (lambda f, x, z, w, b: f.max_pool2d(x, 3, 2, 1), 1),
    "batch_norm": (lambda f, x, z, w, b: f.batch_norm(x, None, None, w, b, True), 1),
    "all": (lambda f, x, z, w, b: f.max_pool2d(f.relu(
        f.batch_norm(x, None, None, w, b, True) + z), 2), 2),
}  # fmt: skip


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("C", [8, 5])
def test_ops(name, C):
    from minitorch_cv.kernels.cuda.packed.array import packed

    call, images = OPS[name]
    rng = np.random.default_rng(0)
    x, z = (nearest_bfloat16(rng.normal(size=(4, C, 7, 6)).astype("f")) for _ in range(2))
    w, b = (rng.normal(size=C).astype("f") for _ in range(2))
    theirs = [torch.from_numpy(a).bfloat16().requires_grad_() for a in (x, z)]
    theirs += [torch.from_numpy(a).requires_grad_() for a in (w, b)]
    want = call(TF, *theirs)
    gy = nearest_bfloat16(rng.normal(size=want.shape).astype("f"))
    want.backward(torch.from_numpy(gy).bfloat16())
    with emulated_cuda() as counters:
        send = counters.library.from_numpy
        ours = [new_tensor(packed(send(a))).requires_grad_() for a in (x, z)]
        ours += [mt.tensor(a).to("cuda").requires_grad_() for a in (w, b)]
        y = call(F, *ours)
        y.backward(new_tensor(packed(send(gy))))
        found = [t.detach().cpu().numpy() for t in (y, *(p.grad for p in ours[:images]))]
        parameters = [None if p.grad is None else p.grad.cpu().numpy() for p in ours[2:]]
    known = [want, *(p.grad for p in theirs[:images])]
    for a, t in zip(found, known, strict=True):
        c = t.detach().float().numpy()
        np.testing.assert_allclose(a, c, rtol=2**-7, atol=2**-8 * abs(c).max())
    for a, t in zip(parameters, theirs[2:], strict=True):
        assert (a is None) == (t.grad is None)
        if a is not None:
            np.testing.assert_allclose(a, t.grad.numpy(), rtol=0, atol=0.01 * abs(a).max())


def test_a_residual_block(library):  # noqa: F811
    """Under autocast: the loss, running statistics, and gradients no further from float32's than
    PyTorch's are."""
    mt.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
                        BasicBlock(16, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                        nn.Linear(16, 4))  # fmt: skip
    state = {k: torch.from_numpy(v.numpy().copy()) for k, v in net.state_dict().items()}
    x = np.random.default_rng(0).normal(size=(6, 3, 9, 8)).astype("f")
    labels = np.arange(6) % 4

    def theirs(p):
        h = TF.conv2d(torch.from_numpy(x), p["0.weight"], p["0.bias"], padding=1)
        h = TF.relu(norm(h, p, "1"))
        branch = TF.relu(norm(TF.conv2d(h, p["3.conv1.weight"], padding=1), p, "3.bn1"))
        branch = norm(TF.conv2d(branch, p["3.conv2.weight"], padding=1), p, "3.bn2")
        h = TF.relu(branch + h)
        return TF.linear(TF.adaptive_avg_pool2d(h, 1).flatten(1), p["6.weight"], p["6.bias"])

    def norm(h, p, name):
        running = p[f"{name}.running_mean"], p[f"{name}.running_var"]
        return TF.batch_norm(h, *running, p[f"{name}.weight"], p[f"{name}.bias"], True)

    def slopes(p):
        for name in names:
            p[name].requires_grad_()
        loss = TF.cross_entropy(theirs(p), torch.from_numpy(labels))
        loss.backward()
        return loss.item(), {name: p[name].grad.float().numpy() for name in names}

    names = [name for name, _ in net.named_parameters()]
    _, exact = slopes({k: v.clone() for k, v in state.items()})
    with torch.autocast("cpu", dtype=torch.bfloat16):
        want, known = slopes(state)
    with emulated_cuda():
        net.to("cuda")
        with mt.autocast("cuda", dtype=mt.bfloat16):
            images = mt.tensor(x).to("cuda")
            loss = F.cross_entropy(net(images), mt.tensor(labels).to("cuda"))
        loss.backward()
        assert abs(loss.item() - want) < 5e-3
        grads = {name: p.grad.cpu().numpy() for name, p in net.named_parameters()}
        buffers = {name: b.cpu().numpy() for name, b in net.named_buffers()}
    for name in names:
        if name != "0.bias":  # batch norm takes it off again: its gradient is rounding alone
            ours, rounding = (apart(g[name], exact[name]) for g in (grads, known))
            assert ours < 1.5 * rounding + 1e-3, name
    for name, running in state.items():
        if "running" in name:
            np.testing.assert_allclose(buffers[name], running.numpy(), rtol=0.01, atol=1e-3)


def apart(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)
