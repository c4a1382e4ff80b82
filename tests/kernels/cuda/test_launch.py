"""What is compiled and how it is launched, on the emulator and with a stand-in for CuPy."""

from __future__ import annotations

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
        runtime = type("runtime", (), {"getDevice": staticmethod(lambda: 0)})
        self.cuda = type("cuda", (), {"runtime": runtime})

    def RawModule(self, code, options):  # noqa: N802
        self.built.append(code)
        return self

    def get_function(self, name):
        return lambda grid, block, args, shared_mem: self.launched.append(
            (name, grid, block, args, shared_mem)
        )


@pytest.fixture
def cupy():
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
