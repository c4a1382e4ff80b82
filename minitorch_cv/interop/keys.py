"""Key maps: names under which weights were published → names of our models.

A map is a list of (pattern, replacement) pairs for whole names. `fit` tries them in turn and keeps
those that bring more names, with the right shapes, into the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..autograd.tensor import Tensor, from_numpy


class KeyMap(NamedTuple):
    """One map: its name, where such names come from, and the rules; the first that fits counts."""

    name: str
    source: str
    rules: tuple[tuple[str, str], ...]

    def rename(self, key: str) -> str:
        """The new name; the old one where no rule fits."""
        for pattern, replacement in self.rules:
            if re.fullmatch(pattern, key):
                return re.sub(pattern, replacement, key)
        return key


_END = r"\.(weight|bias)"
_FIRE = {2: 3, 3: 4, 4: 5, 5: 7, 6: 8, 7: 9, 8: 10, 9: 12}  # its number → its place in `features`


def _squeezenet() -> tuple[tuple[str, str], ...]:
    rules = [(rf"conv1{_END}", r"features.0.\1"), (rf"conv(?:10|_final){_END}", r"classifier.1.\1")]
    for fire, place in _FIRE.items():
        for old, new in (
            ("conv1x1_1|squeeze1x1", "squeeze"), ("conv1x1_2|expand1x1", "expand1x1"),
            ("conv3x3_2|expand3x3", "expand3x3"),
        ):  # fmt: skip
            rules.append((rf"fire{fire}/(?:{old}){_END}", rf"features.{place}.{new}.\1"))
    return tuple(rules)


PREFIXES = (
    KeyMap("DataParallel", "networks trained on several GPUs", ((r"module\.(.*)", r"\1"),)),
    KeyMap("compiled", "torch.compile", ((r"_orig_mod\.(.*)", r"\1"),)),
    KeyMap("wrapped", "a network inside a training class",
           ((r"(?:model|net|network|backbone|encoder)\.(.*)", r"\1"),)),  # fmt: skip
)  # fmt: skip
MAPS = (
    *PREFIXES,
    KeyMap("linear → fc", "CIFAR ResNets (akamaster, kuangliu): the last layer is `linear`",
           ((rf"linear{_END}", r"fc.\1"),)),  # fmt: skip
    KeyMap("fc → linear", "CIFAR ResNets, the other way round", ((rf"fc{_END}", r"linear.\1"),)),
    KeyMap("shortcut → downsample", "CIFAR ResNets (kuangliu): projections are `shortcut`",
           ((r"(.*\.)?shortcut\.(.*)", r"\1downsample.\2"),)),  # fmt: skip
    KeyMap("downsample → shortcut", "CIFAR ResNets, the other way round",
           ((r"(.*\.)?downsample\.(.*)", r"\1shortcut.\2"),)),  # fmt: skip
    KeyMap("Caffe LeNet", "Caffe's inner products `ip1`, `ip2` are `fc1`, `fc2`",
           ((rf"ip(\d){_END}", r"fc\1.\2"),)),  # fmt: skip
    KeyMap("Caffe SqueezeNet",
           "SqueezeNet v1.0 (songhan, forresti) → torchvision's squeezenet1_0; its input is BGR "
           "minus 104 117 123, its last convolution pads by 1", _squeezenet()),
)  # fmt: skip


class Fit(NamedTuple):
    """How the names of a file fit a model.

    state_dict: the file's tensors under their new names, and counters added as zero.
    names: name in the file → new name; used: the maps that were kept; added: the counters.
    missing, unexpected: names that the model wants and does not get, and those it does not know.
    wrong: names whose shapes differ, in words.
    """

    state_dict: dict[str, Tensor]
    names: dict[str, str]
    used: tuple[KeyMap, ...]
    added: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong: tuple[str, ...]


def fit(state: Mapping[str, Tensor], model: Any) -> Fit:
    """Renames the tensors of a state dict to a model's own names, as far as the maps know them."""
    own = model.state_dict()
    names, used = _best_names(state, own)
    tensors = {new: state[old] for old, new in names.items()}
    added = tuple(
        key for key in own
        if key.endswith("num_batches_tracked") and key not in tensors
        and key.replace("num_batches_tracked", "running_mean") in tensors
    )  # fmt: skip
    for key in added:
        tensors[key] = from_numpy(np.zeros(own[key].shape, own[key].dtype))
    return Fit(
        tensors, names, used, added,
        tuple(key for key in own if key not in tensors),
        tuple(key for key in tensors if key not in own),
        tuple(
            f"{key}: {tuple(value.shape)} in the file, {tuple(own[key].shape)} in the model"
            for key, value in tensors.items()
            if key in own and tuple(value.shape) != tuple(own[key].shape)
        ),
    )  # fmt: skip


def _best_names(
    state: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> tuple[dict[str, str], tuple[KeyMap, ...]]:
    names = {key: key for key in state}
    used: list[KeyMap] = []
    score = _hits(names, state, own)
    kept_back: list[KeyMap] = []  # changes nothing yet, but may with the next one
    for key_map in (*PREFIXES, *MAPS):  # twice, since prefixes come in any order
        trial = _renamed(names, [*kept_back, key_map])
        if trial is None:
            continue
        hits = _hits(trial, state, own)
        if hits > score:
            names, score = trial, hits
            used += [*kept_back, key_map]
            kept_back = []
        elif hits == score == (0, 0) and key_map in PREFIXES and trial != names:
            kept_back.append(key_map)
    return names, tuple(used)


def _renamed(names: dict[str, str], maps: list[KeyMap]) -> dict[str, str] | None:
    """The names after some maps; None where two would become one."""
    new = dict(names)
    for key_map in maps:
        new = {old: key_map.rename(name) for old, name in new.items()}
    return new if len(set(new.values())) == len(new) else None


def _hits(
    names: Mapping[str, str], state: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> tuple[int, int]:
    """How many names the model has: with the right shape; with any shape."""
    there = [(old, new) for old, new in names.items() if new in own]
    right = sum(tuple(state[old].shape) == tuple(own[new].shape) for old, new in there)
    return right, len(there)


def recognised(keys: Any) -> list[tuple[KeyMap, dict[str, str]]]:
    """Without a model: the maps that know some of the names, with what each makes of them.

    A map that takes a prefix away goes before the others, which see the names without it.
    """
    found = []
    names = list(keys)
    for key_map in MAPS:
        changed = {name: key_map.rename(name) for name in names if key_map.rename(name) != name}
        if changed:
            found.append((key_map, changed))
        if key_map in PREFIXES:
            names = [changed.get(name, name) for name in names]
    return found
