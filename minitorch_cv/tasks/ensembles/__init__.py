"""Several networks as one: averages, votes, snapshots, soups, and a table that compares them."""

from .combining import COMBINATIONS, majority_vote, mean_logits, mean_probabilities
from .compare import Comparison, Line, compare_ensembles
from .measures import calibration_error, disagreement
from .parameters import averaged_model, greedy_soup, uniform_soup
from .snapshots import Snapshots

__all__ = [
    "COMBINATIONS", "Comparison", "Line", "Snapshots", "averaged_model", "calibration_error",
    "compare_ensembles", "disagreement", "greedy_soup", "majority_vote", "mean_logits",
    "mean_probabilities", "uniform_soup",
]  # fmt: skip
