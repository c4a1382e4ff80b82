"""Matrix products on the GPU in bfloat16."""
