"""Whole networks against PyTorch and JAX: one process for each engine, taking turns."""
