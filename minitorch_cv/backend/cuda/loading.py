"""CuPy, fetched when it is first asked for: is it there, does it find a GPU, what to do if not."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import capturing
from ..library import Array, ArrayLibrary, library_named, register_library
from .namespace import Namespace

INSTALL = 'pip install "cupy-cuda13x[ctk]"'
_NO_GPU = (35, 100)  # cudaErrorInsufficientDriver, cudaErrorNoDevice


def _import_cupy() -> Any:
    """CuPy itself. Raises ImportError."""
    import cupy

    return cupy


def missing() -> str | None:
    """What there is no CUDA device for, in a few words with a remedy; None where there is one."""
    try:
        cupy = _import_cupy()
    except ModuleNotFoundError:
        return f"CuPy is not installed; {INSTALL}"
    except ImportError as error:
        first = str(error).strip().partition("\n")[0]
        return f"CuPy cannot be imported: {first}; {INSTALL}"
    try:
        found = cupy.cuda.is_available()
    except Exception as error:  # CuPy 13 raises where there is no driver, CuPy 14 does not
        if getattr(error, "status", None) not in _NO_GPU:
            raise
        found = False
    if found:
        return None
    return f"CuPy finds no GPU; install NVIDIA's driver (nvidia-smi shows it), then {INSTALL}"


def cupy() -> Any:
    """CuPy, where it finds a GPU. Raises RuntimeError, with the remedy, where it does not."""
    reason = missing()
    if reason is not None:
        raise RuntimeError(f"cuda: not available on this machine: {reason}")
    return _import_cupy()


def load_cuda() -> ArrayLibrary | None:
    """Registers and returns the `cuda` library; None where CuPy or a GPU is missing."""
    known = library_named("cuda")
    if known is not None:
        return known
    if missing() is not None:
        return None
    module = _import_cupy()
    library = ArrayLibrary(
        "cuda",
        namespace=Namespace(module),
        array_type=module.ndarray,
        from_numpy=functools.partial(_from_numpy, module),
        to_numpy=module.asnumpy,
        index_of=lambda array: array.device.id,
        count=functools.partial(_count, module),
        synchronize=module.cuda.runtime.deviceSynchronize,
        half_products=True,
        beside=functools.partial(_beside, module) if _count(module) > 1 else None,
    )
    register_library(library)
    _register_kernels(module)
    return library


def _count(module: Any) -> int:
    return int(module.cuda.runtime.getDeviceCount())


def _beside(module: Any, array: Array) -> Any:
    """The GPU on which an array lies becomes the current one."""
    return module.cuda.Device(array.device.id)


def _from_numpy(module: Any, array: Array, index: int = 0) -> Array:
    """A copy on a GPU, made on the current stream; the host goes on at once."""
    capturing.refuse("an array goes to the GPU", "send it before, and pass it to the step")
    with module.cuda.Device(index):
        return module.asarray(array)


@functools.cache  # once: what has been compiled stays
def _register_kernels(module: Any) -> None:
    """Lets our kernels run on CuPy's arrays. A bare checkout has no kernels."""
    try:
        from ..cuda_kernels import CupyDevice, register
    except ImportError:
        return
    register(CupyDevice(module))


def compile_kernels(tell: Callable[[str], None] = lambda path: None) -> dict[str, str]:
    """Compiles every .cu file for the current GPU; answers file → error of those that do not.

    tell: is given each file before it is compiled. Raises RuntimeError without a GPU.
    """
    cupy()
    from ..cuda_kernels import all_sources, device_named

    load_cuda()
    device, errors = device_named("cuda"), {}
    for source in all_sources():
        tell(source.path)
        try:
            device.prepare(source)
        except Exception as error:  # the others may still compile
            errors[source.path] = " ".join(str(error).split()) or type(error).__name__
    return errors
