"""The stand-in for NVIDIA's convolutions, which the tests of conv have, too."""

from tests.kernels.cuda.conv.conftest import library

__all__ = ["library"]
