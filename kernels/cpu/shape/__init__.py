"""Kernels that move values about."""

from ...kept import keep_compiled

keep_compiled()
