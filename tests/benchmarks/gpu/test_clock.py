"""The clock on a simulated GPU: a queue, and a host whose Python takes longer than the kernels."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.gpu import clock, kernels, record, rivals, rows  # noqa: E402
from benchmarks.gpu.place import Place  # noqa: E402
from minitorch_cv.backend.cuda_kernels import Source  # noqa: E402
from minitorch_cv.testing import nvrtc  # noqa: E402

PYTHON, KERNEL, QUEUE = 50e-6, 10e-6, 1000


class Machine:
    """now: the host's time; ends: when the GPU has done each launch."""

    def __init__(self):
        self.now, self.ends, self.holds = 0.0, [0.0], []
        machine = self

        class Event:
            def record(self):
                self.at = max(machine.ends[-1], machine.now)

            @property
            def done(self):
                return self.at <= machine.now

            def synchronize(self):
                machine.now = max(machine.now, self.at)

        def elapsed(a, b):
            return (b.at - a.at) * 1e3

        self.RawKernel = lambda code, name: self.hold
        self.cuda = SimpleNamespace(Event=Event, get_elapsed_time=elapsed)

    def launch(self, gpu=KERNEL, python=PYTHON):
        self.now += python
        if len(self.ends) > QUEUE:
            self.now = max(self.now, self.ends[-QUEUE])
        self.ends.append(max(self.ends[-1], self.now) + gpu)

    def hold(self, grid, block, args):
        self.holds.append(int(args[0]) / clock._CYCLES)
        self.launch(self.holds[-1], 0.0)

    def wait(self):
        self.now = max(self.now, self.ends[-1])


@pytest.fixture
def machine(monkeypatch):
    found = Machine()
    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: found.now))
    return found


def measured(machine, *calls):
    return clock.measured(Place(None, None, machine, False), calls)


def test_python_is_left_out_and_told(machine):
    def call():
        for _ in range(3):
            machine.launch()

    spent = measured(machine, call)
    assert spent.gpu == pytest.approx(3 * KERNEL)
    assert spent.with_python == pytest.approx(3 * PYTHON + KERNEL)
    assert not spent.late and set(machine.holds) == {clock.SHORTEST}
    assert spent.named("step").keys() == {"step", "step_with_python"}


def test_calls_in_turn(machine):
    spent = measured(machine, *[lambda k=k: machine.launch(k * 1e-5) for k in (1, 2, 6)])
    assert spent.gpu == pytest.approx(3e-5)


def test_a_long_step_is_held_as_long_as_its_python_takes(machine):
    spent = measured(machine, lambda: [machine.launch() for _ in range(400)])
    assert spent.gpu == pytest.approx(400 * KERNEL) and not spent.late
    assert min(machine.holds) >= 400 * PYTHON


def test_runs_in_which_the_host_was_slow_do_not_count(machine):
    """Here the first four, until the hold has doubled often enough."""
    slow = iter([PYTHON] * (clock.SETTLE + clock.RUNS) + [20 * PYTHON] * 100)

    def call():
        python = next(slow)
        for _ in range(40):
            machine.launch(python=python)

    spent = measured(machine, call)
    assert spent.gpu == pytest.approx(40 * KERNEL) and not spent.late
    assert machine.holds[0] == pytest.approx(80 * PYTHON, rel=1e-6) and max(machine.holds) < 0.1


def test_a_call_that_waits_is_told(machine):
    def call():
        machine.launch()
        machine.wait()
        machine.launch()

    spent = measured(machine, call)
    assert spent.late and spent.named("nms")["nms_late"] is True
    assert max(machine.holds) == clock.LONGEST
    row = {**spent.named("forward"), "torch_forward": 1.0, "torch_forward_with_python": 2.0}
    text = list(record.lines({"timing": {"passed": True, "ops": {"nms": row}}}))[-1]
    assert text.count("*") == 1 and f"{spent.with_python * 1e6:.2f}" in text


def test_more_launches_than_a_stream_keeps_are_told(machine):
    assert measured(machine, lambda: [machine.launch() for _ in range(QUEUE + 9)]).late


def test_kernels_are_timed_behind_a_hold(machine, monkeypatch):
    monkeypatch.setattr(kernels, "time", clock.time)

    class Array:
        nbytes = 100

    device = SimpleNamespace(array_type=Array, run=lambda *_: machine.launch())
    place, found = Place(None, device, machine, False), {}
    # (`watched` takes its own `run` away again, and the class's is there.)
    place = place._replace(device=type("Device", (), {"array_type": Array, "run": device.run})())
    launch = Source("a.cu"), SimpleNamespace(name="a"), 1, 1, [Array(), Array()], 0
    kernels._time_kernels(place, [lambda: place.device.run(*launch)] * 2, found, 1e9)
    assert found["a"]["bytes"] == 200
    assert found["a"]["microseconds"] == pytest.approx(KERNEL * 1e6)


def test_pytorch_is_held_likewise(machine, monkeypatch):
    """Each call on tensors of its own, on CuPy's stream."""
    torch = pytest.importorskip("torch")
    cuda = SimpleNamespace(
        is_available=lambda: True, ExternalStream=lambda number: number,
        stream=lambda number: rivals.contextlib.nullcontext(number),
    )  # fmt: skip
    monkeypatch.setattr(torch, "cuda", cuda)
    monkeypatch.setattr(torch.Tensor, "cuda", lambda t: t.clone())
    machine.cuda.get_current_stream = lambda: SimpleNamespace(ptr=0)
    seen = []

    def peer(torch, x):
        machine.launch()
        seen.append(x.data_ptr())
        return x * 2

    row = next(row for row in rows.rows(True) if row.op == "relu")._replace(peer=peer)
    arrays = row.make(rows.np.random.default_rng(0))
    place = Place(None, None, machine, False)
    found = rivals.beside(place, row, arrays, 3, "fp32")
    assert len(set(seen)) == 3 and found["torch_forward"] == pytest.approx(KERNEL)
    assert found["torch_forward_with_python"] == pytest.approx(PYTHON + KERNEL / 3)
    assert "torch_backward" in found
    assert rivals.beside(place._replace(small=True), row, arrays, 3, "fp32") == {}


@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
def test_the_hold_compiles(architecture):
    if nvrtc.library() is None:
        pytest.skip("no NVRTC: CUDA kernels are not compiled for GPUs (pip install .[nvrtc])")
    assert nvrtc.compile_cuda(Source("hold.cu", clock.HOLD), architecture) == ""
