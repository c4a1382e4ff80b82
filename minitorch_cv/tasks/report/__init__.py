"""report.html of a training run."""

from .page import LayerRow, RunFacts, render

__all__ = ["LayerRow", "RunFacts", "render"]
