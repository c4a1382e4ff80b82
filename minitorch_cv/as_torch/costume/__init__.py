"""What makes a Tensor of this engine look like PyTorch's when a script prints it or asks for it."""
