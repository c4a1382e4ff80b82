"""Residual networks: a block adds to what it is given."""
