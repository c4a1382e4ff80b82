"""Ops of detectors: regions of interest (RoIs) and boxes."""
