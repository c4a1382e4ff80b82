"""Kernels of the elementwise ops."""

from ...kept import keep_compiled

keep_compiled()
