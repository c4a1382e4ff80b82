"""Kernels for regions of interest and boxes."""

from ...kept import keep_compiled

keep_compiled()
