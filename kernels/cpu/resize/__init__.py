"""Resizing images."""

from ...kept import keep_compiled

keep_compiled()
