"""Activations as functions, and attention."""
