"""CUDA kernels on the CPU: the text of a .cu file, compiled by g++, one fiber for each thread.

    kernels = Emulated(Source("conv/im2col.cu"))
    kernels.launch("im2col", grid, block, (x, cols, …), order="backward")

Arrays are NumPy's. runtime.h says how the threads run. Arrays lie between guards of set bits (NaN,
or −1) while a kernel runs: a write beyond an array is an error, a read beyond it a NaN.
What is compiled is kept in a folder for temporary files, under a hash of the text.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...backend.cuda_kernels import Device, Signature, Source, three

HERE = Path(__file__).parent
ORDERS = ("forward", "backward")
_GUARD = 512  # bytes on either side of an array, a multiple of every type's alignment
# Warnings as errors: NVRTC is asked for the same.
_FLAGS = ("-std=c++17", "-O2", "-ffp-contract=off", "-fno-strict-aliasing", "-Wall", "-Werror",
          "-Wno-unused-function", "-Wno-unknown-pragmas", "-Wno-unused-variable")  # fmt: skip
_MEETING = re.compile(r"__sync|_sync\(|\b(?:warp|block)_\w+\(")


class EmulatorError(RuntimeError):
    """What a kernel did that a GPU would answer with a wrong result, or not at all."""


def compiler() -> str | None:
    """The C++ compiler; None where there is none, or no Linux (then there is no emulator)."""
    if not sys.platform.startswith("linux"):
        return None
    return shutil.which(os.environ.get("CXX", "g++"))


class NumpyDevice(Device):
    """What the launcher's checks ask about NumPy arrays."""

    name = "the emulator"
    array_type = np.ndarray
    namespace = np

    def address(self, array: Any) -> int:
        return int(array.ctypes.data)

    def place(self, array: Any) -> int:
        return 0


_NUMPY = NumpyDevice()


class Emulated:
    """The kernels of one file (or text) on the CPU. Raises RuntimeError where there is no g++."""

    def __init__(self, source: Source | str) -> None:
        self.source = Source("text", source) if isinstance(source, str) else source
        self._library = ctypes.CDLL(str(build(self.source)))
        for name in self.source.kernels:
            getattr(self._library, f"launch_{name}").restype = ctypes.c_char_p

    def launch(
        self, name: str, grid: int | Sequence[int], block: int | Sequence[int],
        args: Sequence[Any], shared: int = 0, order: str = "forward",
    ) -> None:  # fmt: skip
        """Runs a kernel on NumPy arrays, in place.

        order: "forward" (the first warp first) or "backward" (the last warp first).
        Raises TypeError or ValueError for arguments that do not fit the kernel's head,
        EmulatorError for threads that wait in vain and for writes beyond an array.
        """
        if order not in ORDERS:
            raise ValueError(f"launch: order is one of {ORDERS} (got {order!r})")
        signature = self.source.kernels[name]
        blocks, threads = three(grid), three(block)
        signature.check(_NUMPY, blocks, threads, args)
        self.run(signature, (*blocks, *threads), signature.cast(args), shared, order)

    def run(
        self, signature: Signature, sizes: Sequence[int], args: Sequence[Any], shared: int,
        order: str,
    ) -> None:  # fmt: skip
        """The launch itself, of arguments that have been looked at."""
        guarded = [_Guarded(a) if isinstance(a, np.ndarray) else None for a in args]
        values = [
            ctypes.c_void_p(g.address) if g is not None else _as_ctypes(a)
            for g, a in zip(guarded, args, strict=True)
        ]
        self._call(signature.name, sizes, values, shared, order)
        for p, g in zip(signature.parameters, guarded, strict=True):
            if g is not None and not g.is_whole():
                raise EmulatorError(f"{signature.name}: wrote beyond {p.name}")
            if g is not None and not p.is_read_only:
                g.hand_back()

    def _call(
        self, name: str, sizes: Sequence[int], values: Sequence[Any], shared: int, order: str
    ) -> None:
        """The compiled function, with arguments of ctypes."""
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(v) for v in values))
        error = getattr(self._library, f"launch_{name}")(
            (ctypes.c_uint * 6)(*sizes), ctypes.c_uint(shared),
            ctypes.c_int(order == "backward"), pointers,
        )  # fmt: skip
        if error:
            raise EmulatorError(f"{name}: {error.decode()}")


class _Guarded:
    """A copy of an array with guards before and behind it."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        size = array.nbytes
        memory = np.full(size + 3 * _GUARD, 0xFF, np.uint8)
        # As far from a multiple of the guard's size as the array itself: kernels may look at that.
        start = (array.ctypes.data - memory.ctypes.data) % _GUARD + _GUARD
        self.before, self.inside = memory[:start], memory[start : start + size]
        self.behind = memory[start + size :]
        self.inside[...] = np.frombuffer(array.tobytes(), np.uint8)
        self.address = self.inside.ctypes.data if size else memory.ctypes.data + start

    def is_whole(self) -> bool:
        return bool((self.before == 0xFF).all() and (self.behind == 0xFF).all())

    def hand_back(self) -> None:
        self.array[...] = self.inside.view(self.array.dtype).reshape(self.array.shape)


def _as_ctypes(value: Any) -> Any:
    return ctypes.c_void_p(None) if value is None else np.ctypeslib.as_ctypes(np.array(value))


def folder() -> Path:
    """Where compiled kernels are kept. Raises PermissionError where it belongs to somebody else."""
    place = Path(tempfile.gettempdir()) / f"minitorch_cv-emulator-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.stat().st_uid != os.getuid():  # its libraries would run as us
        raise PermissionError(f"{place} belongs to another user; set TMPDIR")
    return place


def build(source: Source, *flags: str, main: str = "") -> Path:
    """A library (or, with `main`, a program) of the kernels, compiled unless it is there."""
    gxx = compiler()
    if gxx is None:
        raise RuntimeError("the CUDA emulator needs a C++ compiler; install g++")
    text = translate(source) + main
    options = [*_FLAGS, *flags] + ([] if main else ["-shared", "-fPIC"])
    name = hashlib.sha256("\0".join([gxx, *options, text]).encode()).hexdigest()[:24]
    target = folder() / (f"{name}.program" if main else f"{name}.so")
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=folder()) as work:
        file = Path(work) / "kernels.cpp"
        file.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [gxx, *options, str(file), "-o", f"{work}/out"], capture_output=True, text=True
        )
        if done.returncode:
            raise EmulatorError(f"{source.path} does not compile:\n{done.stderr}")
        os.replace(f"{work}/out", target)
    return target


def translate(source: Source) -> str:
    """The text in plain C++: runtime, CUDA's words, the kernels, and an entry for each of them."""
    own = source.text.rpartition("#line ")[2]  # without common.cuh
    alone = "false" if _MEETING.search(own) else "true"
    entries = "".join(_entry(signature, alone) for signature in source.kernels.values())
    return f'{_header()}\n#line 1 "{source.path}"\n{source.text}\n#line 1 "entries"\n{entries}'


@cache
def _header() -> str:
    parts = [(HERE / name).read_text(encoding="utf-8") for name in ("runtime.h", "cuda_on_cpu.h")]
    return "\n".join(parts).replace("#pragma once\n", "\n")


_C = {"float32": "float", "float64": "double", "bool": "bool", "int32": "int",
      "int64": "long long", "uint32": "unsigned int", "uint64": "unsigned long long",
      "uint16": "unsigned short", "uint8": "unsigned char"}  # fmt: skip


def _entry(signature: Signature, alone: str) -> str:
    """The function that ctypes calls: it unpacks the arguments as the driver of a GPU does."""
    given = ", ".join(
        f"*({_C[p.dtype.name]}{'*' if p.is_array else ''}*)arguments_of_launch[{k}]"
        for k, p in enumerate(signature.parameters)
    )
    name = signature.name
    return f"""
static void** arguments_of_{name};
static void call_{name}() {{ {name}({given.replace("of_launch", f"of_{name}")}); }}
extern "C" const char* launch_{name}(unsigned* sizes, unsigned shared, int backward, void** args) {{
    arguments_of_{name} = args;
    emulator::kernel = call_{name};
    emulator::alone = {alone};
    return emulator::run_grid(sizes, shared, backward);
}}
"""
