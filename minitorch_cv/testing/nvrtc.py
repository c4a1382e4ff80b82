"""NVIDIA's run-time compiler, called without a GPU: does a kernel's text compile for each of them?

    complaints = compile_cuda(Source("conv/im2col.cu"), "sm_90")     # "" where all is well

It is the compiler that CuPy calls on a user's machine, and stricter than nvcc. The library comes
with CuPy, or alone: pip install nvidia-cuda-nvrtc.
"""

from __future__ import annotations

import ctypes
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from ..backend.cuda_kernels import Source

_AS_CUPY = (b"--std=c++17", b"--device-as-default-execution-space")
ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")


@cache
def library() -> Any:
    """libnvrtc, or None where it is not installed."""
    spec = importlib.util.find_spec("nvidia")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    for place in places:
        for file in sorted(Path(place).glob("*/lib/libnvrtc.so.*"), reverse=True):
            if "alt" not in file.name:
                return ctypes.CDLL(str(file))
    return None


def compile_cuda(source: Source, architecture: str) -> str:
    """Compiles to machine code; returns the compiler's errors and warnings, "" where all is well.

    Raises RuntimeError where the library is missing.
    """
    nvrtc = library()
    if nvrtc is None:
        raise RuntimeError("NVRTC is not installed; use pip install nvidia-cuda-nvrtc")
    program = ctypes.c_void_p()
    name = source.path.encode()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.text.encode(), name, 0, None, None)
    flags = (f"--gpu-architecture={architecture}".encode(), *_AS_CUPY)
    given = (ctypes.c_char_p * len(flags))(*flags)
    status = nvrtc.nvrtcCompileProgram(program, len(flags), given)
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    text = log.value.decode(errors="replace").strip()
    return text or (f"NVRTC fails with status {status}" if status else "")
