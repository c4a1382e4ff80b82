"""The cases of schedules, and how cases are listed. See optim_cases.py."""

from __future__ import annotations

from itertools import product
from typing import Any

Options = dict[str, Any]


def grid(**choices: tuple[Any, ...]) -> list[Options]:
    """All combinations of the choices."""
    return [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]


def flat(table: dict[str, list[Options]]) -> list[tuple[str, Options]]:
    """(name, options) of every case."""
    return [(name, options) for name, cases in table.items() for options in cases]


def labels(table: dict[str, list[Options]]) -> list[str]:
    """A name for each of `flat`'s cases: SGD-0, SGD-1, …"""
    return [f"{name}-{place}" for name, cases in table.items() for place in range(len(cases))]


FLAG = (False, True)


class Halving:
    """A callable object with a state, for the schedules that take functions."""

    def __init__(self) -> None:
        self.every = 7

    def __call__(self, epoch: float) -> float:
        return 0.5 ** (epoch // self.every)


def inverse(epoch: float) -> float:
    """1 / (1 + t)."""
    return 1.0 / (1.0 + epoch)


def slow(epoch: float) -> float:
    """A factor near 1."""
    return 0.99 if epoch % 2 else 1.01


STEP, CONSTANT = ("StepLR", {"step_size": 3}), ("ConstantLR", {"factor": 0.5, "total_iters": 4})
LINEAR = ("LinearLR", {"start_factor": 0.1, "total_iters": 5})
EXPONENTIAL = ("ExponentialLR", {"gamma": 0.9})
COSINE = ("CosineAnnealingLR", {"T_max": 20, "eta_min": 1e-3})
RESTARTS = ("CosineAnnealingWarmRestarts", {"T_0": 4, "T_mult": 2})

# 70 steps each.
SCHEDULES: dict[str, list[Options]] = {
    "LambdaLR": [
        {"lr_lambda": f} for f in (inverse, slow, [inverse, slow], (slow, slow), Halving())
    ],
    "MultiplicativeLR": [
        {"lr_lambda": f} for f in (inverse, slow, [inverse, slow], Halving())
    ],
    "StepLR": [*grid(step_size=(1, 3, 30, 2.5), gamma=(0.1, 0.5, 1.5, 0.0)), {"step_size": 4}],
    "MultiStepLR": [
        *grid(
            milestones=([], [1], [5, 10, 40], (40, 10, 5), [5, 5, 20], [0, 3]),
            gamma=(0.1, 0.7, 0.0),
        ),
        {"milestones": [30, 60]},
    ],
    "ConstantLR": [{}, *grid(factor=(1 / 3, 0.01, 1.0, 0.9), total_iters=(0, 1, 5, 65, 100))],
    "LinearLR": [
        {},
        *grid(start_factor=(1 / 3, 1e-3, 1.0), end_factor=(1.0, 0.5, 0), total_iters=(0, 1, 5, 65)),
    ],
    "ExponentialLR": grid(gamma=(0.9, 1.0, 1.05, 0.0)),
    "PolynomialLR": [{}, *grid(total_iters=(0, 1, 5, 65, 100), power=(1.0, 2.0, 0.5, 0))],
    "CosineAnnealingLR": [
        *grid(T_max=(1, 2, 5, 30, 100, 7.5), eta_min=(0.0, 0.01, 0.3)), {"T_max": 10}
    ],
    "CosineAnnealingWarmRestarts": [
        *grid(T_0=(1, 5, 50), T_mult=(1, 2, 3), eta_min=(0.0, 0.01)), {"T_0": 10}
    ],
    "OneCycleLR": [
        *grid(
            max_lr=(0.5, [0.5, 0.2]), total_steps=(70, 100), pct_start=(0.3, 0.0, 0.25),
            anneal_strategy=("cos", "linear"), three_phase=FLAG, cycle_momentum=FLAG,
        ),
        {"max_lr": 0.5, "epochs": 7, "steps_per_epoch": 10},
        {"max_lr": 0.5, "total_steps": 80, "div_factor": 5.0, "final_div_factor": 10.0},
        {"max_lr": 0.5, "total_steps": 80, "base_momentum": [0.5, 0.6], "max_momentum": 0.9},
        {"max_lr": 0.5, "total_steps": 80, "max_momentum": [0.99, 0.9]},
        {"max_lr": 0.5, "total_steps": 80, "pct_start": 1.0},
    ],
    "CyclicLR": [
        *grid(
            base_lr=(0.01, [0.01, 0.0]), max_lr=(0.5, (0.5, 0.2)), step_size_up=(1, 6),
            step_size_down=(None, 10), mode=("triangular", "triangular2", "exp_range"),
            gamma=(0.95,), cycle_momentum=FLAG,
        ),
        {"base_lr": 0.1, "max_lr": 0.5},
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 3, "step_size_down": 0},
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 5, "scale_fn": inverse},
        {
            "base_lr": 0.1, "max_lr": 0.5, "step_size_up": 5, "scale_fn": Halving(),
            "scale_mode": "iterations", "mode": "anything",
        },
        {
            "base_lr": 0.1, "max_lr": 0.5, "step_size_up": 5, "base_momentum": [0.1, 0.2],
            "max_momentum": [0.8, 0.9],
        },
    ],
    "ReduceLROnPlateau": [
        {},
        *grid(
            mode=("min", "max"), factor=(0.1, 0.5), patience=(0, 3), threshold=(1e-4, 0.1),
            threshold_mode=("rel", "abs"), cooldown=(0, 2), min_lr=(0, 0.05),
        ),
        {"min_lr": [0.1, 0.001], "patience": 1}, {"eps": 0.01, "patience": 1},
        {"factor": 0.0, "patience": 2}, {"threshold": 2.0, "patience": 2},
    ],
    "SequentialLR": [
        {"schedulers": [EXPONENTIAL], "milestones": []},
        {"schedulers": [LINEAR, COSINE], "milestones": [5]},
        {"schedulers": [CONSTANT, EXPONENTIAL], "milestones": [20]},
        {"schedulers": [CONSTANT, LINEAR, EXPONENTIAL], "milestones": [3, 9]},
        {"schedulers": [STEP, COSINE, STEP], "milestones": [10, 30]},
        {"schedulers": [RESTARTS, STEP], "milestones": [13]},
        {"schedulers": [LINEAR, RESTARTS], "milestones": [4]},
        {"schedulers": [LINEAR, EXPONENTIAL], "milestones": [1]},
        {"schedulers": [LINEAR, EXPONENTIAL], "milestones": [0]},
        {"schedulers": [EXPONENTIAL, LINEAR], "milestones": [60]},
        {"schedulers": [("PolynomialLR", {"total_iters": 8}), CONSTANT], "milestones": [6]},
        {"schedulers": [("MultiStepLR", {"milestones": [2, 4]}), COSINE], "milestones": [7]},
        {
            "schedulers": [("SequentialLR", {"schedulers": [LINEAR, STEP], "milestones": [4]}),
                           EXPONENTIAL],
            "milestones": [12],
        },
        {
            "schedulers": [("ChainedScheduler", {"schedulers": [CONSTANT, EXPONENTIAL]}), COSINE],
            "milestones": [12],
        },
        {
            "schedulers": [("OneCycleLR", {"max_lr": 0.4, "total_steps": 15}), EXPONENTIAL],
            "milestones": [14],
        },
    ],
    "ChainedScheduler": [
        {"schedulers": [EXPONENTIAL]},
        {"schedulers": [CONSTANT, EXPONENTIAL]},
        {"schedulers": [STEP, LINEAR, EXPONENTIAL]},
        {"schedulers": [COSINE, STEP]},
        {"schedulers": [("MultiplicativeLR", {"lr_lambda": slow}), LINEAR]},
        {
            "schedulers": [("SequentialLR", {"schedulers": [LINEAR, STEP], "milestones": [4]}),
                           EXPONENTIAL],
        },
        {"schedulers": [("ChainedScheduler", {"schedulers": [STEP, LINEAR]}), EXPONENTIAL]},
    ],
    "SWALR": [
        *grid(swa_lr=(0.05, [0.05, 0.1], 1.0), anneal_epochs=(0, 1, 10, 65),
              anneal_strategy=("cos", "linear")),
        {"swa_lr": 0.05},
    ],
}  # fmt: skip

# Constructor calls that raise, on an optimizer with momentum and two groups.
BAD_SCHEDULES: dict[str, list[Options]] = {
    "LambdaLR": [{"lr_lambda": [slow]}, {"lr_lambda": 0.5}, {"lr_lambda": [slow] * 3}, {}],
    "MultiplicativeLR": [{"lr_lambda": [slow]}, {"lr_lambda": 0.5}],
    "StepLR": [{}, {"step_size": 3, "last_epoch": 2}, {"step_size": "3", "last_epoch": 2}],
    "MultiStepLR": [{}, {"milestones": 3}, {"milestones": [3], "last_epoch": 2}],
    "ConstantLR": [{"factor": 1.1}, {"factor": -0.1}],
    "LinearLR": [
        {"start_factor": 0}, {"start_factor": 1.1}, {"start_factor": -0.5}, {"end_factor": 1.1},
        {"end_factor": -0.1},
    ],
    "ExponentialLR": [{}, {"gamma": 0.5, "last_epoch": 2}],
    "PolynomialLR": [{"last_epoch": 2}],
    "CosineAnnealingLR": [{}, {"T_max": 5, "last_epoch": 2}],
    "CosineAnnealingWarmRestarts": [
        {}, {"T_0": 0}, {"T_0": -1}, {"T_0": 1.5}, {"T_0": 3, "T_mult": 0},
        {"T_0": 3, "T_mult": 1.5}, {"T_0": 3, "eta_min": "0"},
    ],
    "OneCycleLR": [
        {"max_lr": 0.1}, {"max_lr": 0.1, "total_steps": 0}, {"max_lr": 0.1, "total_steps": -5},
        {"max_lr": 0.1, "total_steps": 2.5}, {"max_lr": 0.1, "epochs": 5},
        {"max_lr": 0.1, "steps_per_epoch": 5}, {"max_lr": 0.1, "epochs": 0, "steps_per_epoch": 5},
        {"max_lr": 0.1, "epochs": 5, "steps_per_epoch": -5},
        {"max_lr": 0.1, "epochs": 5, "steps_per_epoch": 2.0},
        {"max_lr": 0.1, "total_steps": 10, "pct_start": 1},
        {"max_lr": 0.1, "total_steps": 10, "pct_start": -0.1},
        {"max_lr": 0.1, "total_steps": 10, "pct_start": 1.1},
        {"max_lr": 0.1, "total_steps": 10, "pct_start": 0.1},  # a phase without length
        {"max_lr": 0.1, "total_steps": 10, "anneal_strategy": "exp"},
        {"max_lr": [0.1], "total_steps": 10}, {"max_lr": [0.1] * 3, "total_steps": 10},
        {"max_lr": 0.1, "total_steps": 10, "base_momentum": [0.1]},
        {"max_lr": 0.1, "total_steps": 10, "max_momentum": [0.1]},
        {"max_lr": 0.1, "total_steps": 10, "last_epoch": 2},
    ],
    "CyclicLR": [
        {}, {"base_lr": 0.1}, {"base_lr": [0.1], "max_lr": 1.0}, {"base_lr": 0.1, "max_lr": [1.0]},
        {"base_lr": 0.1, "max_lr": 1.0, "mode": "square"},
        {"base_lr": 0.1, "max_lr": 1.0, "base_momentum": [0.1]},
        {"base_lr": 0.1, "max_lr": 1.0, "max_momentum": [0.1]},
        {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 0},
    ],
    "ReduceLROnPlateau": [
        {"mode": "mean"}, {"factor": 1.0}, {"factor": 1.5}, {"threshold_mode": "log"},
        {"min_lr": [0.1]}, {"min_lr": (0.1,) * 3},
    ],
    "SequentialLR": [
        {"schedulers": [], "milestones": []}, {"schedulers": [STEP], "milestones": [1]},
        {"schedulers": [STEP, COSINE], "milestones": []},
        {"schedulers": [("ReduceLROnPlateau", {})], "milestones": []},
        {"schedulers": ["StepLR"], "milestones": []},
    ],
    "ChainedScheduler": [
        {"schedulers": []}, {"schedulers": [("ReduceLROnPlateau", {})]}, {"schedulers": ["StepLR"]},
    ],
    "SWALR": [
        {}, {"swa_lr": [0.1]}, {"swa_lr": 0.1, "anneal_strategy": "exp"},
        {"swa_lr": 0.1, "anneal_epochs": -1}, {"swa_lr": 0.1, "anneal_epochs": 1.5},
    ],
}  # fmt: skip

# Constructor calls that PyTorch takes and that raise here: (name, options, why).
NEGATIVE = "it would make the rate negative, NaN or infinite"
DIFFERENT_SCHEDULES: list[tuple[str, Options, str]] = [
    ("StepLR", {"step_size": 2, "gamma": -0.5}, NEGATIVE),
    ("StepLR", {"step_size": 2, "gamma": float("nan")}, NEGATIVE),
    ("StepLR", {"step_size": 0}, "PyTorch divides by zero at the first step"),
    ("StepLR", {"step_size": -1}, "it means nothing"),
    ("MultiStepLR", {"milestones": [1], "gamma": -1.0}, NEGATIVE),
    ("ExponentialLR", {"gamma": -1.0}, NEGATIVE),
    ("CosineAnnealingLR", {"T_max": 0}, "PyTorch divides by zero at the first step"),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": -0.1}, NEGATIVE),
    ("CosineAnnealingLR", {"T_max": -5}, "it means nothing"),
    ("CosineAnnealingWarmRestarts", {"T_0": 5, "eta_min": -0.1}, NEGATIVE),
    ("ReduceLROnPlateau", {"factor": -0.5}, NEGATIVE),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "step_size_down": -1}, "it means nothing"),
    ("ConstantLR", {"total_iters": -1}, "it means nothing"),
    ("LinearLR", {"total_iters": -1}, "it means nothing"),
    ("PolynomialLR", {"total_iters": -1}, "it means nothing"),
]
