"""Softmax and its logarithm."""

from ...kept import keep_compiled

keep_compiled()
