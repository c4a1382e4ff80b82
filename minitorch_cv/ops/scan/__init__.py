"""Ops that run along an axis: sums and products of all elements so far."""
