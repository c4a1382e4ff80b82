"""The loss layers."""
