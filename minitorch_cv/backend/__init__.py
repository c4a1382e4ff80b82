"""Floor 1: which array library, which device, which random stream, which kernel."""

from .device import (
    device,
    device_of,
    get_default_device,
    library_for,
    set_default_device,
    to_device,
    to_numpy,
)
from .library import Array, ArrayLibrary, array_module, library_of, register_library
from .memory import keep_memory, release_memory
from .random import Generator, default_generator, manual_seed
from .registry import find_kernel, kernel_path, kernels_in_use, use_kernels

__all__ = [
    "Array",
    "ArrayLibrary",
    "Generator",
    "array_module",
    "default_generator",
    "device",
    "device_of",
    "find_kernel",
    "get_default_device",
    "keep_memory",
    "kernel_path",
    "kernels_in_use",
    "library_for",
    "library_of",
    "manual_seed",
    "register_library",
    "release_memory",
    "set_default_device",
    "to_device",
    "to_numpy",
    "use_kernels",
]
