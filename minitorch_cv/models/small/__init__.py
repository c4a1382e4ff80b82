"""Networks built for few parameters and few multiplications."""
