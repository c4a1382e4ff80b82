"""The normalisation layers."""
