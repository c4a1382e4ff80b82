"""Networks that give a score for each pixel."""
