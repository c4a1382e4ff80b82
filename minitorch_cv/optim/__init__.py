"""Update rules (`SGD`, `Adam`) and schedules of the learning rate (`optim.lr_scheduler`)."""

from . import lr_scheduler
from .adam import Adam
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer", "lr_scheduler"]
