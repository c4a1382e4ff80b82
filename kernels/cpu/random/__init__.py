"""Kernels of the ops that use random masks."""

from ...kept import keep_compiled

keep_compiled()
