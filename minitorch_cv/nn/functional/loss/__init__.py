"""The losses as functions. reduction: "mean", "sum" or "none"."""
