"""A trained network for other classes: probes, new heads, freezing, fine-tuning, one table."""

from .compare import Plan, compare_adaptation
from .features import FeatureCache, features
from .freezing import freeze, unfreeze
from .heads import find_head, replace_head
from .probe import Probe, linear_probe
from .source import pretrained
from .stages import Stage, stages
from .table import Comparison
from .tuning import GradualUnfreezing, Tuning, fine_tune, param_groups

__all__ = [
    "Comparison", "FeatureCache", "GradualUnfreezing", "Plan", "Probe", "Stage", "Tuning",
    "compare_adaptation", "features", "find_head", "fine_tune", "freeze", "linear_probe",
    "param_groups", "pretrained", "replace_head", "stages", "unfreeze",
]  # fmt: skip
