"""Planted backward bugs, each a line or two beside the right backward of a small NumPy layer.

BUGS    every planted bug: name, layer, the diagnoses that are right, and the wrong backward
LAYERS  every layer with its right backward, on which no check may fail
HARD    right layers that checkers stumble over: thousands of kinks, ties, random numbers

Read one module at a time; `tools/gradcheck_score.py` runs them all.
"""

from . import (  # noqa: F401 (importing a module enters its layers and bugs in the lists)
    activation,
    conv,
    conv_more,
    dropout,
    linear,
    loss,
    norm_batch,
    norm_layer,
    pool,
    recurrent,
    shape,
    softmax,
)
from .entry import BUGS, LAYERS, Bug, Layer
from .hard import HARD

__all__ = ["BUGS", "HARD", "LAYERS", "Bug", "Layer"]
