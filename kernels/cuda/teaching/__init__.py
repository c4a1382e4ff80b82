"""Two kernels to learn from, which no op launches: a product of matrices, and a convolution."""
