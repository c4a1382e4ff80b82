"""gradients_unscale: the gradients of the CPU bit for bit, and every inf and NaN is found."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import optim
from minitorch_cv.backend.capturing import Capture
from minitorch_cv.testing.cuda_emulator import emulated_cuda

# The last but one takes three chunks of 4096, and has a rest of three; zero elements are no work.
SHAPES = [(3,), (1,), (5, 7), (), (2, 1, 0), (8195,), (4, 3, 3, 3)]
SCALE = 3.0 * 2**11  # its inverse is rounded


def unscaled(place, arrays, scale=SCALE):
    """The gradients afterwards, and the scaler, which knows what was found."""
    params = [mt.zeros(a.shape).to(place).requires_grad_() for a in arrays]
    scaler = mt.amp.GradScaler(place, init_scale=scale)
    scaler.scale(mt.ones(1).to(place))
    for p, a in zip(params, arrays, strict=True):
        p.grad = mt.from_numpy(a.copy()).to(place)
    optimizer = optim.SGD(params, lr=1.0)
    scaler.unscale_(optimizer)
    return [p.grad.cpu().numpy() for p in params], scaler._progress_of(optimizer).found


def gradients(shapes=SHAPES):
    rng = np.random.default_rng(0)
    return [np.asarray(rng.normal(size=s) * 2.0**16, np.float32) for s in shapes]


def flag(found):
    (value,) = found.values()
    return int(mt.autograd.tape.new_tensor(value).cpu().item())


def test_equals_the_cpu(order, blocks):
    given = gradients()
    want, none = unscaled("cpu", given)
    device = emulated_cuda(order)
    with device:
        got, found = unscaled("cuda", given)
        assert flag(found) == flag(none) == 0
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)
    assert device.device.launched == [("optim/updates.cu", "gradients_unscale")]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row, place", [
    (0, 0), (0, 2), (1, 0), (2, 17), (2, 34), (3, 0), (5, 0), (5, 4095), (5, 4096), (5, 8193),
    (5, 8194), (6, 107), (5, 1), (5, 2), (5, 3),
])  # fmt: skip
def test_every_inf_and_nan_is_found(row, place, bad, emulator, blocks):
    given = gradients()
    given[row].reshape(-1)[place] = bad
    want, _ = unscaled("cpu", given)
    with emulated_cuda():
        got, found = unscaled("cuda", given)
        assert flag(found) == 1
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("large", [np.finfo("f").max, np.finfo("f").tiny / 64, -0.0])
def test_finite_numbers_are_not_found(large, emulator):
    given = [np.array([1, large, -large, 2, large], np.float32)]
    want, _ = unscaled("cpu", given, 0.25)  # which makes the largest infinite, after the look
    with emulated_cuda():
        got, found = unscaled("cuda", given, 0.25)
        assert flag(found) == 0
    assert got[0].tobytes() == want[0].tobytes()


class Run:
    """Parameters on the emulated GPU and their scaler, for gradients that are put in by hand."""

    def __init__(self, *grads):
        self.params = [mt.zeros(g.shape).to("cuda").requires_grad_() for g in grads]
        self.scaler = mt.amp.GradScaler("cuda", init_scale=4.0)
        self.scaler.scale(mt.ones(1).to("cuda"))
        for p, g in zip(self.params, grads, strict=True):
            p.grad = g
        self.optimizer = optim.SGD(self.params, lr=1.0)

    def unscale(self):
        self.scaler._progress.clear()
        self.scaler.unscale_(self.optimizer)
        return flag(self.scaler._progress_of(self.optimizer).found)


def test_addresses_are_sent_only_where_they_changed(emulator):
    device = emulated_cuda()
    with device as counters:
        run = Run(mt.ones(3).to("cuda"), mt.ones(2, 5).to("cuda"))
        before = counters.uploads
        sent = []
        for step in range(4):
            if step == 2:
                run.params[1].grad = mt.ones(2, 5).to("cuda")
                before += 1
            waits = counters.total()
            run.scaler._progress.clear()
            run.scaler.unscale_(run.optimizer)
            sent.append(counters.uploads - before)
            assert counters.total() == waits, counters.last
        assert sent == [1, 1, 2, 2]
        assert run.params[0].grad.cpu().tolist() == [1 / 256] * 3
        assert run.params[1].grad.cpu().tolist()[0] == [1 / 16] * 5


def test_unaligned_gradients(order):
    with emulated_cuda(order):
        memory = mt.arange(40).float().to("cuda")
        run = Run(memory[1:20], memory[22:39])
        assert run.unscale() == 0
        wanted = np.arange(40, dtype=np.float32)
        wanted[1:20] /= 4
        wanted[22:39] /= 4
        assert memory.cpu().numpy().tolist() == wanted.tolist()


def test_what_the_kernel_cannot_take_is_done_as_before(emulator):
    """One tensor for two parameters, elements not side by side, float64; their flags count too."""
    device = emulated_cuda()
    with device:
        shared, turned = mt.ones(3).to("cuda"), mt.ones(4, 2).to("cuda").t()
        wide = mt.ones(2, dtype=mt.float64).to("cuda")
        run = Run(shared, shared, turned, wide, mt.ones(2).to("cuda"))
        versions = [p.grad._version.value for p in run.params[2:]]
        assert run.unscale() == 0
        values = [p.grad.cpu().numpy() for p in run.params]
        assert values[0].tolist() == [1 / 16] * 3  # once for each parameter
        assert [v.ravel()[0] for v in values[2:]] == [0.25] * 3
        assert [p.grad._version.value for p in run.params[2:]] == [v + 1 for v in versions]
        for p in run.params[2:4]:
            p.grad = p.grad * float("inf")
            assert run.unscale() == 1
            p.grad = mt.ones(p.shape, dtype=p.grad.dtype).to("cuda")
        assert run.unscale() == 0
    assert device.device.launched.count(("optim/updates.cu", "gradients_unscale")) == 4


def test_float16_is_refused_before_anything_changes(emulator):
    with emulated_cuda():
        run = Run(mt.ones(2).to("cuda"), mt.ones(2).half().to("cuda"))
        with pytest.raises(ValueError, match="GradScaler.unscale_: a gradient is float16"):
            run.scaler.unscale_(run.optimizer)
        assert run.params[0].grad.cpu().tolist() == [1, 1]


def test_nothing_but_empty_gradients(emulator):
    device = emulated_cuda()
    with device:
        assert Run(mt.ones(0, 3).to("cuda")).unscale() == 0
    assert device.device.launched == []


def test_no_table_is_sent_while_a_step_is_recorded(emulator):
    device = emulated_cuda()
    with device as counters:
        run, uploads = Run(mt.ones(3).to("cuda")), counters.uploads
        with Capture():
            run.scaler.unscale_(run.optimizer)
        assert counters.uploads == uploads and device.device.launched == []
        assert run.params[0].grad.cpu().tolist() == [0.25] * 3
