"""`mt.cuda` without CuPy, with a CuPy that finds no GPU, and on the stand-in."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.backend.cuda import loading
from minitorch_cv.testing.cuda_emulator.standin import Stream

INSTALL = r'pip install "cupy-cuda13x\[ctk\]"'


def no_cupy():
    raise ModuleNotFoundError("No module named 'cupy'", name="cupy")


def broken_cupy():
    raise ImportError("libcublas.so.13: cannot open\nmore lines")


class CudaError(RuntimeError):
    def __init__(self, status):
        super().__init__(f"error {status}")
        self.status = status


def cupy_with(answer):
    """A CuPy whose `is_available` answers, or raises, this."""

    def is_available():
        if isinstance(answer, Exception):
            raise answer
        return answer

    return lambda: SimpleNamespace(cuda=SimpleNamespace(is_available=is_available))


CASES = {
    "not installed": (no_cupy, "CuPy is not installed"),
    "broken": (broken_cupy, "CuPy cannot be imported: libcublas.so.13: cannot open;"),
    "no GPU": (cupy_with(False), "CuPy finds no GPU; install NVIDIA's driver"),
    "no driver, CuPy 13": (cupy_with(CudaError(35)), "CuPy finds no GPU"),
    "no device, CuPy 13": (cupy_with(CudaError(100)), "CuPy finds no GPU"),
}
CALLS = [
    mt.cuda.synchronize, mt.cuda.memory_summary, mt.cuda.memory_allocated, mt.cuda.memory_reserved,
    mt.cuda.empty_cache, mt.cuda.Stream, mt.cuda.Event, mt.cuda.current_stream,
    mt.cuda.get_device_name, mt.cuda.compile_kernels, lambda: mt.cuda.set_memory_limit(1),
    lambda: mt.cuda.graph(print), lambda: mt.ones(2).pin_memory(),
]  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_without_a_gpu_all_raise_one_line_with_the_command(name, monkeypatch):
    given, words = CASES[name]
    monkeypatch.setattr(loading, "_import_cupy", given)
    assert not mt.cuda.is_available() and mt.cuda.device_count() == 0
    for call in CALLS:
        with pytest.raises(RuntimeError, match=INSTALL) as caught:
            call()
        assert words in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=f"{INSTALL}; or use device='cpu'"):
        mt.ones(2, device="cuda")
    assert not mt.ones(2).is_pinned()


def test_other_faults_are_not_hidden(monkeypatch):
    monkeypatch.setattr(loading, "_import_cupy", cupy_with(CudaError(999)))
    with pytest.raises(CudaError):
        mt.cuda.is_available()


def test_devices_and_streams(standin):
    assert mt.cuda.is_available() and mt.cuda.device_count() == 1
    assert mt.cuda.get_device_name() == "stand-in"
    main, other = mt.cuda.current_stream(), mt.cuda.Stream(non_blocking=True)
    with mt.cuda.stream(other):
        assert mt.cuda.current_stream() is other
    assert mt.cuda.current_stream() is main and mt.cuda.Event().done
    mt.cuda.synchronize()
    assert Stream.log == []


def test_synchronize_tells_what_labels_were_wrong_and_once(standin):
    labels = mt.tensor([0, 7, 1]).to("cuda")
    nn.functional.cross_entropy(mt.zeros(3, 4).to("cuda"), labels)
    with pytest.raises(ValueError, match="cross_entropy: label 7 at position 1 is out of range"):
        mt.cuda.synchronize()
    mt.cuda.synchronize()
    assert labels.cpu().tolist() == [0, 7, 1]


def test_memory(standin):
    assert "limit              none" in mt.cuda.memory_summary()
    mt.cuda.set_memory_limit(fraction=0.5)
    assert "limit                   8.0 GiB" in mt.cuda.memory_summary()
    mt.cuda.set_memory_limit(3 << 20)
    assert "limit                   3.0 MiB" in mt.cuda.memory_summary()
    mt.cuda.set_memory_limit()
    assert mt.cuda.memory_allocated() == mt.cuda.memory_reserved() == 0
    mt.cuda.empty_cache()


@pytest.mark.parametrize("given, words", [
    ({"size": 1, "fraction": 0.5}, "not both"), ({"size": -1}, "0 or more"),
    ({"fraction": 1.5}, "in 0 … 1"),
])  # fmt: skip
def test_memory_limits_are_judged(given, words):
    with pytest.raises(ValueError, match=f"set_memory_limit: .*{words}"):
        mt.cuda.set_memory_limit(**given)


def test_pinned_tensors(standin):
    x = mt.arange(6).reshape(2, 3)
    pinned = x.pin_memory()
    assert pinned.is_pinned() and not x.is_pinned() and pinned.tolist() == x.tolist()
    assert pinned.pin_memory().data_ptr() == pinned.data_ptr()
    there = pinned.to("cuda", non_blocking=True)
    assert str(there.device) == "cuda:0" and not there.is_pinned()
    with pytest.raises(TypeError, match="pin_memory: the tensor lies on a GPU"):
        there.pin_memory()
    assert mt.ones(0, 3).pin_memory().shape == (0, 3)
    assert mt.ones(2).requires_grad_().pin_memory().requires_grad


def test_every_file_is_compiled_and_errors_are_told(standin, monkeypatch):
    told = []
    real = type(standin.device).prepare

    def prepare(self, source):
        if source.path == "pool/max_pool.cu":
            raise ValueError("no\nsuch thing")
        if source.path == "teaching/gemm.cu":
            real(self, source)

    monkeypatch.setattr(type(standin.device), "prepare", prepare)
    errors = mt.cuda.compile_kernels(told.append)
    assert errors == {"pool/max_pool.cu": "no such thing"}
    assert told == sorted(told) and "conv/im2col.cu" in told and len(told) > 5


def test_arrays_go_where_they_belong(standin):
    x = np.arange(3.0, dtype=np.float32)
    assert mt.from_numpy(x).to("cuda").cpu().tolist() == [0, 1, 2]
