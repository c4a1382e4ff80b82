"""What is compiled and how it is launched, on the emulator and with a stand-in for CuPy."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.launch import (
    HERE,
    Source,
    blocks_for,
    device_of,
    is_on_device,
    launch,
    register,
    three,
    unchecked,
    unregister,
)

from minitorch_cv.backend.cuda_kernels import CupyDevice

DOUBLE = Source("double.cu", """
extern "C" __global__ void __launch_bounds__(256)
twice(const float* x,  // (n)
      const float* w,  // (n) or null
      float* y,        // (n)
      int n, float factor)
{
    for (int i = threadIdx.x; i < n; i += blockDim.x) y[i] = factor * x[i] + (w ? w[i] : 0.0f);
}
""")  # fmt: skip


def test_common_text_is_pasted_and_lines_keep_their_numbers():
    source = Source("pool/max_pool.cu")
    own = (HERE / "pool/max_pool.cu").read_text(encoding="utf-8").splitlines()
    assert "#include" not in source.text and "GRID_STRIDE(i, n)" in source.text
    lines = source.text.splitlines()
    mark = next(k for k, line in enumerate(lines) if line.endswith('"pool/max_pool.cu"'))
    number = int(lines[mark].split()[1])
    assert lines[mark + 1 :] == own[number - 1 :]
    assert source.hash != Source("conv/im2col.cu").hash


def test_sizes():
    assert three(7) == (7, 1, 1) and three((2, 3)) == (2, 3, 1)
    assert blocks_for(0) == 1 and blocks_for(257) == 2 and blocks_for(10**12) == 65535


def test_only_devices_run_kernels():
    assert is_on_device(None) and not is_on_device(np.zeros(2))
    with pytest.raises(TypeError, match="no device runs CUDA kernels on ndarray"):
        device_of(np.zeros(2))
    with pytest.raises(TypeError, match="twice: no argument is an array on a device"):
        launch(DOUBLE, "twice", 1, 32, (np.zeros(2, "f"), None, np.zeros(2, "f"), 2, 1.0))


class Cupy:
    """As much of CuPy as a launch touches; arrays are NumPy's under another name."""

    class ndarray(np.ndarray):  # noqa: N801
        device = type("Device", (), {"id": 0})
        data = type("Pointer", (), {"ptr": 4096})

    def __init__(self):
        self.built, self.launched = [], []
        self.__version__ = "14"
        self.cuda = SimpleNamespace(
            runtime=SimpleNamespace(getDevice=lambda: 0),
            Device=lambda: SimpleNamespace(compute_capability="90"),
            nvrtc=SimpleNamespace(getVersion=lambda: (13, 0)),
            compiler=SimpleNamespace(compile_using_nvrtc=self._compile),
            function=SimpleNamespace(Module=lambda: self),
        )

    def _compile(self, text, options):
        assert options == ("--std=c++17",)  # no -ftz=true: subnormal numbers count
        self.built.append(text)
        return b"machine code of " + text.encode()[:20], {}

    def load(self, image):
        assert image.startswith(b"machine code of ")

    def get_function(self, name):
        return lambda grid, block, args, shared_mem: self.launched.append(
            (name, grid, block, args, shared_mem)
        )


@pytest.fixture
def cupy(tmp_path, monkeypatch):
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path / "kept"))
    module = Cupy()
    module.told = []
    device = CupyDevice(module, module.told.append)
    before = register(device)
    yield module
    unregister(device, before)


def array(*shape):
    return np.zeros(shape, np.float32).view(Cupy.ndarray)


def test_cupy_gets_exact_types_and_compiles_once(cupy, monkeypatch):
    monkeypatch.setattr(CupyDevice, "address", lambda self, a: id(a))
    for _ in range(2):
        launch(DOUBLE, "twice", 3, 64, (array(2), None, array(2), 2, 1), shared=16)
    assert cupy.built == [DOUBLE.text]
    assert "".join(cupy.told).startswith("minitorch_cv: compiling double.cu … 0.")
    name, grid, block, args, shared = cupy.launched[-1]
    assert (name, grid, block, shared) == ("twice", (3, 1, 1), (64, 1, 1), 16)
    assert [type(a) for a in args[3:]] == [np.int32, np.float32]
    assert args[1] == 0 and args[1].nbytes == 8  # a null pointer


def test_what_is_compiled_is_kept_on_disk(cupy, tmp_path):
    def compiled_anew():
        before = len(cupy.built)
        CupyDevice(cupy).function(DOUBLE, "twice", 0)
        return len(cupy.built) - before

    assert compiled_anew() == 1 and compiled_anew() == 0
    (kept,) = (tmp_path / "kept").iterdir()
    whole = kept.read_bytes()
    for damaged in (whole[:-3], b"", whole[:32], whole[:40] + b"x" + whole[41:]):
        kept.write_bytes(damaged)
        assert compiled_anew() == 1 and kept.read_bytes() == whole
    cupy.__version__ = "15"  # another compiler
    assert compiled_anew() == 1
    cupy.cuda.Device = lambda: SimpleNamespace(compute_capability="75")
    assert compiled_anew() == 1


def test_a_folder_that_cannot_be_written_to_is_done_without(cupy, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path / "file"))
    assert callable(CupyDevice(cupy).function(DOUBLE, "twice", 0))


def test_a_launch_is_judged_once(cupy, monkeypatch):
    """All but where the arrays lie, which is looked at each time."""
    places = {}
    monkeypatch.setattr(CupyDevice, "address", lambda self, a: places.get(id(a), id(a)))
    x, y = array(2), array(2)
    signature = DOUBLE.kernels["twice"]
    judged = []
    check_head = type(signature)._check_head
    monkeypatch.setattr(
        type(signature), "_check_head", lambda *args: judged.append(1) or check_head(*args)
    )
    monkeypatch.setattr(signature, "_judged", set())
    for factor in (1.0, 2.0, 3.0):
        launch(DOUBLE, "twice", 1, 64, (x, None, y, 2, factor))
    assert len(judged) == 1
    launch(DOUBLE, "twice", 2, 64, (x, None, y, 2, 1.0))
    assert len(judged) == 2
    for wrong, error in (
        ((x, None, array(3), 2, 1.0), ValueError), ((x, None, y, 3, 1.0), ValueError),
        ((x, None, y, True, 1.0), TypeError), ((x, None, y, 2.0, 1.0), TypeError),
        ((x, None, y, 2, "1"), TypeError), ((x, None, y, 2), TypeError),
        ((x, None, y.astype("f8").view(Cupy.ndarray), 2, 1.0), TypeError),
        ((x, None, array(4)[::2], 2, 1.0), ValueError), ((x, x, None, 2, 1.0), TypeError),
    ):  # fmt: skip
        with pytest.raises(error):
            launch(DOUBLE, "twice", 1, 64, wrong)
    places[id(y)] = id(x) + 4
    with pytest.raises(ValueError, match="twice: y and x share memory"):
        launch(DOUBLE, "twice", 1, 64, (x, None, y, 2, 1.0))


def test_a_judgement_is_not_kept_for_ever(cupy, monkeypatch):
    monkeypatch.setattr("minitorch_cv.kernels.cuda.signature._REMEMBERED", 3)
    monkeypatch.setattr(CupyDevice, "address", lambda self, a: id(a))
    signature = DOUBLE.kernels["twice"]
    monkeypatch.setattr(signature, "_judged", set())
    for n in range(1, 9):
        launch(DOUBLE, "twice", 1, 64, (array(n), None, array(n), n, 1.0))
        assert 1 <= len(signature._judged) <= 3


def test_checks_can_be_switched_off(cupy):
    bad = (array(2), None, array(3), 2, 1)
    with pytest.raises(ValueError, match=r"y is \(n\), 2 elements"):
        launch(DOUBLE, "twice", 1, 64, bad)
    with unchecked():
        launch(DOUBLE, "twice", 1, 64, bad)
    assert len(cupy.launched) == 1
    with pytest.raises(ValueError):
        launch(DOUBLE, "twice", 1, 64, bad)


def test_two_devices_are_refused(cupy, monkeypatch):
    monkeypatch.setattr(CupyDevice, "address", lambda self, a: id(a))
    other = array(2)
    other.device = type("Device", (), {"id": 1})
    with pytest.raises(TypeError, match="twice: the arrays lie on different devices"):
        launch(DOUBLE, "twice", 1, 64, (array(2), None, other, 2, 1))
