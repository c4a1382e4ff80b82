"""What kernels may do that costs accuracy; `backend.registry.use_kernels` switches it."""

winograd = True  # float32 results within 5e-5 instead of 1e-5, relative to the largest value
