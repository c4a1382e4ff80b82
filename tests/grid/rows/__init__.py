"""The rows, a file for each family. Each file has a list ROWS."""
