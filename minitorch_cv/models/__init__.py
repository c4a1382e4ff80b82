"""Architectures, each in a file of its own: `LeNet5`, or by name `get_model("lenet")`."""

from .lenet import LeNet5
from .registry import get_model, list_models

__all__ = ["LeNet5", "get_model", "list_models"]
