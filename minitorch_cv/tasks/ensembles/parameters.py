"""One network from several of the same form: their parameters averaged.

Source: P. Izmailov et al., "Averaging weights leads to wider optima and better generalization", UAI
2018 (averages over a run, and the statistics of batch norm computed anew); M. Wortsman et al.,
"Model soups", ICML 2022, section 2 and algorithm 1 (uniform and greedy averages of fine-tuned
networks).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ... import nn
from ...autograd import from_numpy
from ...backend import to_numpy
from ...optim.swa_utils import AveragedModel, update_bn
from ..errors import TaskError

State = Mapping[str, Any]  # a state dict: name → Tensor


def averaged_model(
    model: nn.Module, states: Sequence[State], batches: Iterable[Any] | None = None
) -> nn.Module:
    """A copy of `model` with the mean of the parameters of all state dicts.

    Buffers are those of the last state, but the statistics of batch norm are computed anew over
    `batches` (Tensors, or tuples that begin with one) where these are given: the averaged network
    has statistics of its own. `model` is not changed. Raises TaskError for states that do not fit.
    """
    _judge(states)
    work = copy.deepcopy(model)
    average = AveragedModel(work)
    for state in states:
        work.load_state_dict(dict(state))
        average.update_parameters(work)
    if batches is not None:
        update_bn(batches, average.module)
    return average.module.train(model.training)


def uniform_soup(states: Sequence[State]) -> dict[str, Any]:
    """The mean of all state dicts, name by name; whole numbers are those of the last one.

    Means are computed in float64 and kept in the dtype that was there. Raises TaskError for states
    with other names or shapes.
    """
    _judge(states)
    return {name: _mean([state[name] for state in states]) for name in states[-1]}


def greedy_soup(
    states: Sequence[State], score: Callable[[State], float]
) -> tuple[dict[str, Any], list[int]]:
    """(the soup, the numbers of the states in it): a state stays in it only if that does not hurt.

    score: how good a state dict is, higher is better, on images that are neither for training nor
    for the test. The states are tried from the best to the worst, the earlier of equal ones first.
    """
    _judge(states)
    order = sorted(range(len(states)), key=lambda k: -score(states[k]))
    taken = order[:1]
    best = score(states[order[0]])
    for k in order[1:]:
        value = score(uniform_soup([states[j] for j in (*taken, k)]))
        if value >= best:
            taken, best = [*taken, k], value
    return uniform_soup([states[j] for j in taken]), taken


def _mean(values: Sequence[Any]) -> Any:
    arrays = [to_numpy(value.detach().array) for value in values]
    if arrays[-1].dtype.kind != "f":
        return values[-1].detach().clone()
    mean = np.mean(arrays, axis=0, dtype=np.float64).astype(arrays[-1].dtype)
    return from_numpy(np.asarray(mean)).to(values[-1].device)


def _judge(states: Sequence[State]) -> None:
    """Raises TaskError unless all states have the same names and shapes."""
    if not states:
        raise TaskError("average: there are no state dicts (got 0); give at least one")
    first = {name: tuple(value.shape) for name, value in states[0].items()}
    for k, state in enumerate(states[1:], 1):
        other = {name: tuple(value.shape) for name, value in state.items()}
        if other != first:
            odd = sorted({name for name, _ in set(first.items()) ^ set(other.items())})
            raise TaskError(
                f"average: state dict {k} is not of the form of the first (it differs in "
                f"{', '.join(odd[:5])}{', …' if len(odd) > 5 else ''}); only networks of one form "
                "can be averaged: average their probabilities instead"
            )
