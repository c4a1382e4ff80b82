"""The activation layers, and attention."""
