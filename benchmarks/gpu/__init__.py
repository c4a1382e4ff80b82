"""`python -m benchmarks.gpu`: everything that only a GPU can show, in one command."""
