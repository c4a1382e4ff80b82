"""Convolution: its three products, each by the method that suits its shape (choice.py)."""

from ...kept import keep_compiled

keep_compiled()
