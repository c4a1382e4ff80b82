"""Convolution: its three products, each by the method that suits its shape (choice.py)."""
