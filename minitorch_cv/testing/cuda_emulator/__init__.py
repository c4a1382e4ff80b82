"""CUDA kernels without a GPU: their text compiled for the CPU, and a device "cuda" made of that."""

from .device import EmulatedDevice, emulated, emulated_cuda
from .emulator import ORDERS, Emulated, EmulatorError, compiler

__all__ = [
    "ORDERS", "Emulated", "EmulatedDevice", "EmulatorError", "compiler", "emulated",
    "emulated_cuda",
]  # fmt: skip
