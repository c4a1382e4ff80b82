"""Inception: windows of several sizes side by side."""
