"""Pooling."""

from ...kept import keep_compiled

keep_compiled()
