"""Reads the operator cases of the ONNX project: small graphs with their inputs and outputs.

`manifest.json` holds the graphs, `tensors.npz` the arrays: `<case>/input_0`, `<case>/output_0` in
the order of the graph's own lists, and `<case>/init_<name>` for its parameters.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# The folder that the fixture data_dir answers: needed before any test runs, for the cases' names.
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDER = Path(os.environ.get("MINITORCH_CV_DATA") or BESIDE) / "onnx_node"

# Attributes that a stored graph lacks, from the program that wrote the case and its outputs
# (onnx/onnx: onnx/backend/test/case/node/adam.py); the default would be 1e-6.
LOST = {"test_adam_multiple": {"epsilon": 1e-2}}

# Outputs that were written down by hand with so many digits behind the point.
ROUNDED = {"test_roialign_aligned_true": 4}


class Node:
    """One operator of a graph. It notes which attributes were asked for: none may be overlooked."""

    def __init__(self, entry: dict[str, Any], opsets: dict[str, int]) -> None:
        self.op: str = entry["op"]
        self.inputs: list[str] = entry["in"]  # "" where an optional input is left out
        self.outputs: list[str] = entry["out"]
        self.opset = opsets[entry.get("domain", "")]
        self._attributes: dict[str, Any] = entry["attr"]
        self._asked: set[str] = set()

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or what ONNX takes where it is left out."""
        self._asked.add(name)
        return self._attributes.get(name, default)

    def overlooked(self) -> list[str]:
        """The attributes that nobody asked for."""
        return sorted(set(self._attributes) - self._asked)


class Case(NamedTuple):
    """A graph, the arrays that go in by name, and the arrays that must come out."""

    name: str
    nodes: list[Node]
    inputs: dict[str, np.ndarray]  # parameters (ONNX: initializers) among them
    outputs: dict[str, np.ndarray]


def case_names(folder: Path = FOLDER) -> list[str]:
    """The names of all cases; none where there is no data."""
    manifest = folder / "manifest.json"
    return sorted(json.loads(manifest.read_text(encoding="utf-8"))) if manifest.is_file() else []


def read_cases(folder: Path = FOLDER) -> dict[str, Case]:
    """All cases by name."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    with np.load(folder / "tensors.npz", allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    return {name: _case(name, entry, arrays) for name, entry in sorted(manifest.items())}


def _case(name: str, entry: dict[str, Any], arrays: dict[str, np.ndarray]) -> Case:
    inputs = {put: arrays[f"{name}/init_{put}"] for put in entry["init"]}
    given = [put for put in entry["inputs"] if put not in inputs]
    inputs |= {put: arrays[f"{name}/input_{k}"] for k, put in enumerate(given)}
    outputs = {put: arrays[f"{name}/output_{k}"] for k, put in enumerate(entry["outputs"])}
    nodes = [
        Node({**node, "attr": {**node["attr"], **LOST.get(name, {})}}, entry["opset"])
        for node in entry["nodes"]
    ]
    return Case(name, nodes, inputs, outputs)
