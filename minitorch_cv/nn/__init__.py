"""Floor 4: modules, parameters and the functions behind the layers (PyTorch: `torch.nn`)."""

from . import functional, init, utils
from .modules import *  # noqa: F403
from .modules import __all__ as _layers
from .parameter import Parameter
from .summary import summary

__all__ = ["Parameter", "functional", "init", "summary", "utils", *_layers]
