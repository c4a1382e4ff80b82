"""Densely connected networks: a layer sees what all layers before it gave."""
