"""Functions and in-place methods of tensors that order, pick, cut and join."""
