"""Tensors whose values are packed: what they look like, and that nobody needs to know."""

from __future__ import annotations

import copy
import pickle
from collections import Counter

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.packed.array import Packed, packed

import minitorch_cv as mt
import minitorch_cv.nn as nn
import minitorch_cv.nn.functional as F
from minitorch_cv.autograd.tape import new_tensor
from minitorch_cv.backend.library import array_module, is_plain, library_of, plain
from minitorch_cv.backend.registry import use_kernels
from minitorch_cv.models.resnet.resnet import BasicBlock
from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import emulated_cuda
from minitorch_cv.testing.cuda_emulator.standin import standin_cuda

SHAPE = (2, 3, 4, 5)


@pytest.fixture
def device(emulator):
    with emulated_cuda() as counters:
        yield counters


def tensor(device, x, **options):
    """A Tensor whose values are packed, and so not yet there as an array."""
    made = new_tensor(packed(device.library.from_numpy(np.asarray(x, np.float32))))
    return made.requires_grad_(**options) if options else made


def numbers(*shape, seed=0):
    return nearest_bfloat16(np.random.default_rng(seed).normal(size=shape).astype("f"))


def test_every_number_comes_back(device):
    """All 65536 of them, NaNs as NaNs."""
    bits = np.arange(1 << 16, dtype=np.uint32) << 16
    x = bits.view("f").reshape(4, 16, 32, 32)
    got = packed(device.library.from_numpy(x)).plain().get()
    np.testing.assert_array_equal(np.isnan(got), np.isnan(x))
    whole = ~np.isnan(x)
    np.testing.assert_array_equal(got.view(np.uint32)[whole], x.view(np.uint32)[whole])


def test_an_array_of_the_device(device):
    there = packed(device.library.from_numpy(numbers(*SHAPE)))
    assert packed(there) is there and there.bits.shape == (2, 4, 5, 3)
    assert (there.shape, there.ndim, there.size, there.nbytes) == (SHAPE, 4, 120, 240)
    assert there.dtype == np.float32 and not is_plain(there) and is_plain(plain(there))
    library = library_of(there)
    assert library.name == "cuda" and library.index_of(there) == 0
    np.testing.assert_array_equal(library.to_numpy(there), numbers(*SHAPE))
    assert array_module(there) is None  # nobody's functions take it by mistake


def test_what_needs_no_values_widens_none(device):
    x = tensor(device, numbers(*SHAPE), requires_grad=True)
    assert x.shape == x.size() == SHAPE and x.ndim == x.dim() == 4 and x.numel() == 120
    assert x.dtype == mt.float32 and x.is_cuda and x.is_floating_point() and len(x) == 2
    assert str(x.device) == "cuda:0" and F.relu(x).requires_grad and x._packed is not None


def test_what_needs_them_finds_them(device):
    x, values = tensor(device, numbers(*SHAPE)), numbers(*SHAPE)
    for use in (
        lambda x: x.cpu().numpy(), lambda x: np.array(x.tolist(), "f"),
        lambda x: copy.deepcopy(x).cpu().numpy(), lambda x: x.clone().cpu().numpy(),
        lambda x: pickle.loads(pickle.dumps(x)).cpu().numpy(), lambda x: x.data.cpu().numpy(),
        lambda x: mt.tensor(x).cpu().numpy(), lambda x: nn.Parameter(x).detach().cpu().numpy(),
        lambda x: x.reshape(-1).reshape(SHAPE).cpu().numpy(), lambda x: (x * 1).cpu().numpy(),
        lambda x: mt.cat([x[:1], x[1:]]).cpu().numpy(), lambda x: (x + 0).cpu().numpy(),
    ):  # fmt: skip
        np.testing.assert_array_equal(use(tensor(device, values)), values)
    assert "0.126" in repr(x) and bool((x == x).all())
    assert x.is_contiguous() and x.stride() == (60, 20, 5, 1) and x.nbytes == 480
    with pytest.raises(AttributeError, match="'Tensor' object has no attribute 'colour'"):
        _ = x.colour


def test_views_share_memory_with_it(device):
    """A view widens the tensor itself, so that both see a change of either."""
    x = tensor(device, numbers(*SHAPE))
    row = x[0]
    row.zero_()
    assert not x.cpu().numpy()[0].any() and x.cpu().numpy()[1].any()
    x = tensor(device, numbers(*SHAPE))
    flat = x.detach().view(-1)
    x.fill_(2.0)
    assert flat.cpu().numpy().tolist() == [2.0] * 120


def test_in_place(device):
    values, gy = numbers(*SHAPE), numbers(*SHAPE, seed=1)
    leaf = tensor(device, values, requires_grad=True)
    x = leaf + tensor(device, np.ones(SHAPE))
    before = x
    x += tensor(device, values)
    F.relu(x, inplace=True)
    assert x is before and x._packed is not None  # still in 16 bits
    want = np.maximum(nearest_bfloat16(nearest_bfloat16(values + 1) + values), 0)
    F.relu(x).backward(tensor(device, gy))
    np.testing.assert_array_equal(x.detach().cpu().numpy(), want)
    np.testing.assert_array_equal(leaf.grad.cpu().numpy(), np.where(want <= 0, 0, gy))
    x, y = tensor(device, values), tensor(device, values)
    with mt.no_grad():
        assert x.relu_()._packed is not None
        y.relu_().mul_(2)
    np.testing.assert_array_equal(x.cpu().numpy(), np.maximum(values, 0))
    np.testing.assert_array_equal(y.cpu().numpy(), 2 * np.maximum(values, 0))


def test_in_place_after_it_was_saved(device):
    leaf = tensor(device, numbers(*SHAPE), requires_grad=True)
    y = F.relu(leaf)
    y.add_(tensor(device, numbers(*SHAPE)))
    with pytest.raises(RuntimeError, match="relu: a tensor that its backward needs was changed"):
        y.sum().backward()


def test_in_place_errors(device):
    leaf = tensor(device, numbers(*SHAPE), requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf that requires grad"):
        leaf.add_(1)
    x = tensor(device, numbers(2, 1))
    with pytest.raises(RuntimeError, match=r"result of shape .2, 3. does not fit"):
        x.add_(tensor(device, numbers(2, 3)))


def test_gradients_of_both_kinds_are_added(device):
    """x goes into an op on packed images, and into one that is not."""
    for order in (1, -1):
        leaf = tensor(device, numbers(*SHAPE), requires_grad=True)
        x, gy = F.relu(leaf), numbers(*SHAPE, seed=1)
        parts = [F.relu(x), (x * 3)][::order]
        mt.autograd.backward(parts, [tensor(device, gy), tensor(device, gy)])
        want = np.where(numbers(*SHAPE) <= 0, 0, gy + 3 * gy)
        np.testing.assert_allclose(leaf.grad.cpu().numpy(), want, rtol=2**-7)


def test_hooks_and_kept_gradients_see_tensors(device):
    leaf, seen = tensor(device, numbers(*SHAPE), requires_grad=True), []
    y = F.relu(leaf)
    y.register_hook(lambda g: seen.append(g) or g * 2)
    y.retain_grad()
    F.relu(y).backward(tensor(device, np.ones(SHAPE)))
    positive = (numbers(*SHAPE) > 0).astype("f")
    assert [type(g) for g in seen] == [mt.Tensor]
    np.testing.assert_array_equal(y.grad.cpu().numpy(), 2 * positive)
    np.testing.assert_array_equal(leaf.grad.cpu().numpy(), 2 * positive)


def test_anomaly_mode_reads_packed_gradients(device):
    leaf = tensor(device, numbers(*SHAPE), requires_grad=True)
    y = F.relu(leaf) * 2
    with mt.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="is NaN"):
        F.relu(F.relu(leaf)).backward(tensor(device, np.full(SHAPE, np.nan)))
    y.sum().backward()


def test_second_derivatives_are_taken_on_plain_numbers(device):
    leaf = tensor(device, numbers(2, 8, 3, 3), requires_grad=True)
    y = F.batch_norm(F.relu(leaf), None, None, training=True)
    (g,) = mt.autograd.grad((y * y * y).sum(), leaf, create_graph=True)
    (g * g).sum().backward()
    cpu = mt.tensor(numbers(2, 8, 3, 3), requires_grad=True)
    z = F.batch_norm(F.relu(cpu), None, None, training=True)
    (h,) = mt.autograd.grad((z * z * z).sum(), cpu, create_graph=True)
    (h * h).sum().backward()
    size = abs(cpu.grad.numpy()).max()
    np.testing.assert_allclose(leaf.grad.cpu().numpy(), cpu.grad.numpy(), rtol=0, atol=0.05 * size)


def test_the_reference_path_widens(device):
    x = tensor(device, numbers(*SHAPE), requires_grad=True)
    y = F.relu(x)
    with use_kernels("reference"):
        z = F.relu(y)
        assert z._packed is None
        z.backward(mt.ones(SHAPE, device="cuda"))
    np.testing.assert_array_equal(x.grad.cpu().numpy(), numbers(*SHAPE) > 0)


def test_other_devices_are_refused(device):
    x = tensor(device, numbers(*SHAPE))
    with pytest.raises(TypeError, match="add: inputs lie on different devices .got a on cuda:0"):
        x + mt.ones(SHAPE)


# A network.


def network():
    mt.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
        BasicBlock(16, 16), nn.Conv2d(16, 12, 1, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(12, 4),
    )  # fmt: skip


IMAGES = np.random.default_rng(0).normal(size=(3, 3, 8, 7)).astype("f")


def step(net, place, x, labels):
    with mt.autocast(place, dtype=mt.bfloat16):
        loss = F.cross_entropy(net(x), labels)
    loss.backward()
    return loss.detach()


def results(net, loss):
    state = [b.cpu().numpy() for b in net.buffers()]
    return [loss.cpu().numpy(), *(p.grad.cpu().numpy() for p in net.parameters()), *state]


def test_a_network_stays_packed_between_its_convolutions(library, order, monkeypatch):
    """Images are widened once, where they are pooled; gradients are those of the CPU."""
    cpu, there = network(), network()
    labels = mt.tensor([0, 1, 2])
    want = results(cpu, step(cpu, "cpu", mt.tensor(IMAGES), labels))
    widened, device = [], emulated_cuda(order)
    whole = Packed.plain
    monkeypatch.setattr(Packed, "plain", lambda x: widened.append(x.shape) or whole(x))
    with device as counters:
        there.to("cuda")
        x, labels = mt.tensor(IMAGES).to("cuda"), labels.to("cuda")
        counters.waits = 0
        got = step(there, "cuda", x, labels)
        assert counters.waits == counters.masks == 0
        # In backward the gradient of the pool is narrowed, and stays so.
        assert not [shape for shape in widened if len(shape) == 4 and shape != (3, 12, 4, 4)]
        got = results(there, got)
    launched = Counter(kernel for _, kernel in device.device.launched)
    assert launched["packed_batch_norm_forward"] == launched["packed_batch_norm_backward"] == 3
    assert launched["packed_relu_forward"] == 3 and launched["packed_add_relu"] == 1
    assert launched["packed_add"] == 1 and launched["batch_norm_running"] == 3
    assert not any(name.startswith(("relu_", "batch_norm_sums")) for name in launched)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=0.02 * max(1e-3, abs(b).max()))


def test_two_runs_are_equal(library, emulator):
    found = []
    for order in ("forward", "backward"):
        with emulated_cuda(order):
            net = network().to("cuda")
            x, labels = mt.tensor(IMAGES).to("cuda"), mt.tensor([0, 1, 2]).to("cuda")
            found.append(results(net, step(net, "cuda", x, labels)))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_evaluation_in_place(library, emulator):
    with emulated_cuda():
        net, x = network().to("cuda").eval(), mt.tensor(IMAGES).to("cuda")
        with mt.no_grad(), mt.autocast("cuda", dtype=mt.bfloat16):
            got = net(x).cpu().numpy()
        want = network().eval()(mt.tensor(IMAGES)).detach().numpy()
    np.testing.assert_allclose(got, want, rtol=0, atol=0.02 * abs(want).max())


def test_a_recorded_step_hands_out_widened_results(library, emulator):
    """What comes out of a graph is filled anew by each replay: it is widened inside."""

    def features(x):
        with mt.no_grad(), mt.autocast("cuda", dtype=mt.bfloat16):
            return F.relu(net(x))

    with standin_cuda():
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)).to("cuda").eval()
        recorded = mt.cuda.graph(features, warmup=1)
        for scale in (1, 2, 3):
            x = mt.tensor(IMAGES * scale).to("cuda")
            got, want = recorded(x), features(x)
            assert want._packed is not None
            np.testing.assert_array_equal(got.cpu().numpy(), want.cpu().numpy())
            assert scale == 1 or got._packed is None
