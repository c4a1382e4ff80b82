"""`explain`: what a file of weights holds, and how its names become a model's."""

from __future__ import annotations

import math
import os
from typing import Any

from .errors import shown
from .keys import Fit, fit, recognised
from .loading import opened, state_dict_of

_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def describe(path: str | os.PathLike[str], *, entry: str | None = None) -> str:
    """Format, names, shapes and dtypes of a file of weights, as text.

    entry: as in `load_state_dict`. Raises as it does.
    """
    kind, whole = opened(path)
    state = state_dict_of(whole, path, entry)
    rows = [(name, _shape(value), str(value.dtype)) for name, value in state.items()]
    numbers = sum(math.prod(v.shape) for k, v in state.items() if not k.endswith(_BUFFERS))
    lines = [f"{os.fspath(path)}: {kind}, {len(state)} tensors, {_spaced(numbers)} parameters"]
    lines += [f"  {line}" for line in _columns(rows)]
    return "\n".join([*lines, *_beside(whole, state)])


def explain(path: str | os.PathLike[str], model: Any = None, *, entry: str | None = None) -> str:
    """Which key maps change the names in a file, and into what, as text.

    model: the Module that the weights are for: shows what fits, what lacks and what is left over.
        Without it: every map that knows some of the names. entry: as in `load_state_dict`.
    """
    state = state_dict_of(opened(path)[1], path, entry)
    if model is not None:
        return "\n".join(_for_model(fit(state, model), type(model).__name__))
    lines = []
    for key_map, changed in recognised(state):
        lines.append(f"{key_map.name} ({len(changed)} names): {key_map.source}")
        lines += [f"  {line}" for line in _columns([(a, "→", b) for a, b in changed.items()])]
    return "\n".join(lines or ["no key map knows these names; they stay as they are"])


def _for_model(result: Fit, kind: str) -> list[str]:
    lines = [f"map: {key_map.name} ({key_map.source})" for key_map in result.used]
    lines = lines or ["map: none; names stay as they are"]
    rows = [(old, "→" if old != new else "=", new) for old, new in result.names.items()]
    lines += [f"  {line}" for line in _columns(rows)]
    lines += [f"added as 0: {shown(name)}" for name in result.added]
    lines += [f"missing: {shown(name)}" for name in result.missing]
    lines += [f"unexpected: {shown(name)}" for name in result.unexpected]
    lines += [f"wrong shape: {shown(words, 200)}" for words in result.wrong]
    bad = len(result.missing) + len(result.unexpected) + len(result.wrong)
    return [*lines, f"{kind}: {f'{bad} names do not fit' if bad else 'everything fits'}"]


def _beside(whole: Any, state: dict[str, Any]) -> list[str]:
    """What the file holds besides the state dict, one line each."""
    if not isinstance(whole, dict) or any(whole.get(name) is v for name, v in state.items()):
        return []
    return [f"  entry {shown(_said(name))}: {_said(v)}" for name, v in list(whole.items())[:20]]


def _said(value: Any) -> str:
    plain = value is None or isinstance(value, (bool, int, float))
    if isinstance(value, str):
        return shown(value)
    text = shown(repr(value)) if plain else type(value).__name__
    return f"{text} of {len(value)}" if isinstance(value, (dict, list, tuple)) else text


def _shape(value: Any) -> str:
    return " × ".join(map(str, value.shape)) or "number"


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _columns(rows: list[tuple[str, str, str]]) -> list[str]:
    rows = [(shown(a), b, shown(c)) for a, b, c in rows]
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(2)]
    return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows]
