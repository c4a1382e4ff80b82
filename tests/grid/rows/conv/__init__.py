"""Convolutions, transposed convolutions, unfold and fold, linear and bilinear."""
