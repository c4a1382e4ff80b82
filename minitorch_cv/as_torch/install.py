"""Puts the answers in place for the process that runs a script."""

from __future__ import annotations

import sys

from .costume.dress import dress
from .finder import Finder
from .tables import ROOTS


def install() -> None:
    """From here on `import torch` and `import torchvision` are answered by this engine.

    Modules of that name that are loaded already are forgotten (what holds them keeps them), and
    Tensors take on PyTorch's looks. It is meant for a process of its own, and is not taken back.
    """
    if any(isinstance(finder, Finder) for finder in sys.meta_path):
        return
    for name in [name for name in sys.modules if name.partition(".")[0] in ROOTS]:
        del sys.modules[name]
    sys.meta_path.insert(0, Finder())
    dress()
