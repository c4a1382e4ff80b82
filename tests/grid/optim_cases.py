"""The cases of optimizers, schedules, clipping and averaging: plain lists, without PyTorch.

tests/parity/optim runs each of them beside PyTorch, and docs/parity.md counts them (COUNTS).
An entry is the options of one constructor or call; a schedule made of others has the parts as pairs
(name, options) under "schedulers".
"""

from __future__ import annotations

from itertools import product

from .schedule_cases import (
    BAD_SCHEDULES,
    FLAG,
    SCHEDULES,
    Options,
    grid,
)

DECAY = (0, 0.1)
BETAS = ((0.9, 0.999), (0.5, 0.9), (0.0, 0.5))

# 50 steps each.
OPTIMIZERS: dict[str, list[Options]] = {
    "SGD": [
        {}, {"foreach": True}, {"fused": True, "momentum": 0.9},
        *(
            options
            for options in grid(
                lr=(0.05,), momentum=(0, 0.9), dampening=(0, 0.3), weight_decay=DECAY,
                nesterov=FLAG, maximize=FLAG,
            )
            if not options["nesterov"] or (options["momentum"] and not options["dampening"])
        ),
    ],
    "Adam": [
        {}, {"foreach": True}, {"fused": True},
        *grid(
            lr=(0.05,), betas=((0.9, 0.999), (0.5, 0.0), (0.0, 0.9)), eps=(1e-8, 1e-2),
            weight_decay=DECAY, amsgrad=FLAG, maximize=FLAG, decoupled_weight_decay=FLAG,
        ),
    ],
    "AdamW": [
        {}, {"foreach": True}, {"fused": True},
        *grid(
            lr=(0.05,), betas=BETAS[:2], eps=(1e-8, 1e-2), weight_decay=(0, 0.01, 0.3),
            amsgrad=FLAG, maximize=FLAG,
        ),
    ],
    "Adagrad": [
        {}, {"foreach": True}, {"fused": True},
        *grid(
            lr=(0.05,), lr_decay=(0, 0.1), weight_decay=DECAY, initial_accumulator_value=(0, 0.5),
            eps=(1e-10, 1e-2), maximize=FLAG,
        ),
    ],
    "Adadelta": [
        {}, {"foreach": True},
        *grid(
            lr=(1.0, 0.3), rho=(0.9, 0.5, 0, 1), eps=(1e-6, 1e-2), weight_decay=DECAY,
            maximize=FLAG,
        ),
    ],
    "RMSprop": [
        {}, {"foreach": True},
        *grid(
            lr=(0.01,), alpha=(0.99, 0.4), eps=(1e-8, 1e-2), weight_decay=DECAY,
            momentum=(0, 0.9), centered=FLAG, maximize=FLAG,
        ),
    ],
    "Adamax": [
        {}, {"foreach": True},
        *grid(lr=(0.05,), betas=BETAS, eps=(1e-8, 1e-2), weight_decay=DECAY, maximize=FLAG),
    ],
    "NAdam": [
        {}, {"foreach": True},
        *grid(
            lr=(0.05,), betas=BETAS[:2], eps=(1e-8, 1e-2), weight_decay=DECAY,
            momentum_decay=(4e-3, 0.1), decoupled_weight_decay=FLAG, maximize=FLAG,
        ),
    ],
    "RAdam": [
        {}, {"foreach": True},
        *grid(
            lr=(0.05,), betas=BETAS, eps=(1e-8, 1e-2), weight_decay=DECAY,
            decoupled_weight_decay=FLAG, maximize=FLAG,
        ),
    ],
    "Rprop": [
        {}, {"foreach": True},
        *grid(
            lr=(0.01, 0.3), etas=((0.5, 1.2), (0.3, 2.0)), step_sizes=((1e-6, 50), (0.01, 0.1)),
            maximize=FLAG,
        ),
    ],
    "ASGD": [
        {}, {"foreach": True},
        *grid(
            lr=(0.05,), lambd=(1e-4, 0.1), alpha=(0.75, 1.0), t0=(1e6, 10, 0), weight_decay=DECAY,
            maximize=FLAG,
        ),
    ],
}  # fmt: skip

NOT_NEGATIVE = {
    "SGD": ("lr", "momentum", "weight_decay"),
    "Adam": ("lr", "eps", "weight_decay"),
    "AdamW": ("lr", "eps", "weight_decay"),
    "Adagrad": ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"),
    "Adadelta": ("lr", "rho", "eps", "weight_decay"),
    "RMSprop": ("lr", "alpha", "eps", "weight_decay", "momentum"),
    "Adamax": ("lr", "eps", "weight_decay"),
    "NAdam": ("lr", "eps", "weight_decay", "momentum_decay"),
    "RAdam": ("lr", "eps", "weight_decay"),
    "Rprop": ("lr",),
    "ASGD": ("lr", "weight_decay"),
}
WITH_BETAS = ("Adam", "AdamW", "Adamax", "NAdam", "RAdam")
FUSED = ("SGD", "Adam", "AdamW", "Adagrad")

# Constructor calls that raise.
BAD_OPTIMIZERS: dict[str, list[Options]] = {
    name: [{option: -1.0} for option in options] for name, options in NOT_NEGATIVE.items()
}
for _name in WITH_BETAS:
    BAD_OPTIMIZERS[_name] += [
        {"betas": pair} for pair in ((1.0, 0.9), (0.9, 1.0), (-0.1, 0.9), (0.9, -0.1))
    ]
for _name in FUSED:
    BAD_OPTIMIZERS[_name] += [
        {"foreach": True, "fused": True}, {"differentiable": True, "fused": True}
    ]  # fmt: skip
BAD_OPTIMIZERS["Adam"] += [{"betas": (0, 0.9)}, {"betas": (0.9, 0)}]
BAD_OPTIMIZERS["AdamW"] += [{"betas": (0, 0.9)}]
BAD_OPTIMIZERS["SGD"] += [
    {"nesterov": True}, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}
]  # fmt: skip
BAD_OPTIMIZERS["Adadelta"] += [{"rho": 1.1}]
BAD_OPTIMIZERS["Rprop"] += [
    {"etas": pair} for pair in ((0.0, 1.2), (0.5, 1.0), (1.0, 1.2), (-0.5, 1.2), (0.5, 0.9))
]
for _name in BAD_OPTIMIZERS:
    BAD_OPTIMIZERS[_name].append({"learning_rate": 0.1})

# Constructor calls at the edge of what is allowed, which do not raise.
EDGE_OPTIMIZERS: dict[str, list[Options]] = {
    name: [{option: 0.0} for option in options] for name, options in NOT_NEGATIVE.items()
}
for _name in WITH_BETAS:
    EDGE_OPTIMIZERS[_name] += [{"betas": (0.0, 0.0)}]
for _name in ("Adamax", "NAdam", "RAdam"):
    EDGE_OPTIMIZERS[_name] += [{"betas": (0, 0.9)}]
EDGE_OPTIMIZERS["SGD"] += [{"dampening": -0.5, "momentum": 0.9}, {"nesterov": 1, "momentum": 0.9}]
EDGE_OPTIMIZERS["Adadelta"] += [{"rho": 1}]
EDGE_OPTIMIZERS["RMSprop"] += [{"alpha": 1.5}]
EDGE_OPTIMIZERS["ASGD"] += [{"lambd": -0.1}, {"alpha": -0.5}, {"t0": -3}]
EDGE_OPTIMIZERS["Rprop"] += [{"step_sizes": (1.0, 0.5)}]

# Calls that PyTorch takes and that raise here: (names, options, why).
DIFFERENT: list[tuple[tuple[str, ...], Options, str]] = [
    (tuple(OPTIMIZERS), {"differentiable": True}, "a step is never recorded on the tape"),
    (
        tuple(name for name in OPTIMIZERS if name not in ("SGD", "Adagrad")),
        {"capturable": True},
        "mt.cuda.graph needs no such option (PyTorch takes it and raises at the first step)",
    ),
    (tuple(OPTIMIZERS), {"lr": float("inf")}, "an infinite rate makes every parameter infinite"),
    (("SGD",), {"lr": float("nan")}, "NaN makes every parameter NaN; the others refuse it, too"),
    (tuple(OPTIMIZERS), {"maximize": "no"}, "a flag that is neither True nor False is a mistake"),
    (("Rprop",), {"step_sizes": (-1.0, 50)}, "a negative step goes the wrong way"),
]


INF = float("inf")
SHAPES = [(3, 4), (), (5,), (2, 1)]  # of the gradients to clip
CLIPPING: dict[str, list[Options]] = {
    "clip_grad_norm_": [
        *grid(
            max_norm=(0.0, 0.5, 1e3, INF), norm_type=(1, 2, 2.0, 3, 0.5, INF, -INF, 0, -1),
            values=("normal", "zero", "inf", "nan", "some None", "huge"),
        ),
        *grid(max_norm=(1.0,), error_if_nonfinite=FLAG, values=("normal", "inf", "nan")),
        {"max_norm": 0.5, "foreach": False}, {"max_norm": 0.5, "values": "none"},
        {"max_norm": 0.5, "norm_type": "inf"}, {"max_norm": 0.5, "values": "empty"},
        {"max_norm": 0.5, "values": "empty", "norm_type": INF},
        {"max_norm": 0.5, "values": "empty", "norm_type": -1},
        {"max_norm": -1.0},
    ],
    "clip_grad_value_": grid(
        clip_value=(0.0, 0.5, 1e3, INF, -0.5), values=("normal", "zero", "inf", "nan", "some None")
    ),
    "get_total_norm": grid(
        norm_type=(1, 2, 3, INF, -INF, 0, -2, "inf"), error_if_nonfinite=FLAG,
        values=("normal", "zero", "inf", "nan", "none"),
    ),
}  # fmt: skip

AVERAGES: dict[str, list[Options]] = {
    "AveragedModel": [
        {"average": name, "decay": decay, "use_buffers": buffers}
        for (name, decay), buffers in product(
            (
                ("default", None), ("get_swa_avg_fn", None), ("get_swa_multi_avg_fn", None),
                ("get_ema_avg_fn", 0.9), ("get_ema_avg_fn", 0.999), ("get_ema_avg_fn", 0.0),
                ("get_ema_avg_fn", 1.0), ("get_ema_multi_avg_fn", 0.9),
                ("get_ema_multi_avg_fn", 0.0), ("get_ema_multi_avg_fn", 1.0),
            ),
            FLAG,
        )
        if not (name == "get_swa_multi_avg_fn" and buffers)  # PyTorch cannot average an int buffer
    ],
}  # fmt: skip

COUNTS: dict[str, dict[str, int]] = {
    "optimizers": {
        name: len(cases) + len(BAD_OPTIMIZERS[name]) + len(EDGE_OPTIMIZERS[name])
        for name, cases in OPTIMIZERS.items()
    },
    "schedules": {name: len(cases) + len(BAD_SCHEDULES[name]) for name, cases in SCHEDULES.items()},
    "clipping": {name: len(cases) for name, cases in CLIPPING.items()},
    "averaging": {name: len(cases) for name, cases in AVERAGES.items()},
}
