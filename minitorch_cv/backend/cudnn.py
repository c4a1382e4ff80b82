"""NVIDIA's convolutions (cuDNN) through the package nvidia-cudnn-frontend, on CuPy's memory.

A `Problem` (kernels/cuda/conv/problem.py) becomes a graph of one node, and the graph a plan: which
of the library's kernels runs. Plans are kept by problem, GPU and switches, for making one takes far
longer than running it. Arrays go as addresses, so that CuPy and the package need not know each
other; the package promises cuDNN that each is a multiple of 16, and cannot be told otherwise. What
no plan exists for is not supported, and the readable convolution runs; `unsolved` tells.

Kernels for tensor cores want images with their channels last; cuDNN itself turns what lies
otherwise, there and back. Without tensor cores, that is in float32, arrays go as they lie, as in
PyTorch. Where there is no plan for the one layout, the other is asked for.

The rules by which plans are left out are PyTorch's (ATen/native/cudnn/Conv_v8.cpp): never one that
rounds its inputs further down; for float32 no tensor cores unless TF32 is allowed; where bits must
repeat, none that is not deterministic. And no Winograd where `use_kernels(winograd=False)`.

Source: NVIDIA, "cuDNN frontend API", Convolutions; package version 1.14 to 1.22. NVIDIA,
"Convolutional layers user's guide", Tensor layouts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..kernels import options
from ..kernels.cuda.conv.problem import (
    CHANNELS_LAST,
    CHANNELS_SECOND,
    FORWARD,
    INPUT_GRADIENT,
    Problem,
)
from ..kernels.cuda.launch import Device
from .backends import cudnn as switches

WORKSPACE = 1 << 28  # bytes that a plan may ask for
X, W, Y = 1, 2, 3  # what the graphs call their tensors
_DTYPES = {"float32": "FLOAT", "float16": "HALF", "bfloat16": "BFLOAT16"}


class Plan(NamedTuple):
    """A graph that can be run, and how many bytes of workspace it wants."""

    graph: Any
    workspace: int


def _chosen() -> tuple[bool, ...]:
    """The switches on which plans depend."""
    return switches.allow_tf32, switches.deterministic, options.winograd


def _on_tensor_cores(problem: Problem) -> bool:
    return problem.dtype != "float32" or switches.allow_tf32


class Convolutions:
    """Solves convolutions on a device's arrays. frontend: the package.

    unsolved: problem, in words → why there is no plan for it; for reports.
    """

    def __init__(self, frontend: Any, device: Device) -> None:
        self._frontend, self._device = frontend, device
        self._cuda = device.namespace.cuda
        self._handles: dict[int, Any] = {}  # GPU → the library's handle
        self._plans: dict[Any, Plan | None] = {}
        self._layouts: dict[Any, str | None] = {}
        self._reason = ""  # why the last plan could not be made
        self.unsolved: dict[str, str] = {}

    def layout(self, problem: Problem, offered: Sequence[str], index: int) -> str | None:
        """In which of the layouts offered this GPU solves a problem best.

        None: in none of them, or the library is switched off.
        """
        if not switches.enabled:
            return None
        key = (problem, offered, index, _chosen())
        if key not in self._layouts:
            self._layouts[key] = self._find_layout(problem, offered, index)
        return self._layouts[key]

    def _find_layout(self, problem: Problem, offered: Sequence[str], index: int) -> str | None:
        order = [CHANNELS_LAST, CHANNELS_SECOND]
        if not _on_tensor_cores(problem):
            order.reverse()
        with self._cuda.Device(index):
            for layout in filter(offered.__contains__, order):
                if self._plan(problem._replace(layout=layout), index) is not None:
                    return layout
        words = f"{problem}, TF32" if switches.allow_tf32 else f"{problem}"
        self.unsolved[words] = self._reason
        return None

    def run(self, problem: Problem, x: Any, w: Any, y: Any) -> None:
        """Writes the one of the three arrays that the problem asks for.

        They begin at multiples of ALIGNMENT (kernels/cuda/conv/problem.py).
        """
        device, index = self._device, self._device.place(x)
        with self._cuda.Device(index):
            plan = self._plan(problem, index)
            if plan is None:
                raise ValueError(f"cudnn: no way for {problem}; ask `layout` first")
            workspace = device.empty((max(plan.workspace, 1),), "uint8")
            addresses = {X: device.address(x), W: device.address(w), Y: device.address(y)}
            handle = self._handle(index)
            plan.graph.execute(addresses, device.address(workspace), handle=handle)

    def _handle(self, index: int) -> Any:
        """The handle of a GPU, on CuPy's current stream."""
        if index not in self._handles:
            self._handles[index] = self._frontend.create_handle()
        stream = int(self._cuda.get_current_stream().ptr)
        self._frontend.set_stream(handle=self._handles[index], stream=stream)
        return self._handles[index]

    def _plan(self, problem: Problem, index: int) -> Plan | None:
        """None where the library has no plan for it."""
        key = (problem, index, _chosen())
        if key not in self._plans:
            try:
                graph = described(self._frontend, problem, self._handle(index))
                self._plans[key] = self._planned(graph, problem)
            except (self._frontend.cudnnGraphNotSupportedError, RuntimeError) as error:
                self._plans[key] = None
                self._reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        return self._plans[key]

    def _planned(self, graph: Any, problem: Problem) -> Plan:
        heuristics, note = self._frontend.heur_mode, self._frontend.numerical_note
        graph.build_operation_graph()
        graph.create_execution_plans([heuristics.A, heuristics.FALLBACK])
        unwanted = [note.DOWN_CONVERT_INPUTS]
        if not _on_tensor_cores(problem):
            unwanted.append(note.TENSOR_CORE)
        if switches.deterministic:
            unwanted.append(note.NONDETERMINISTIC)
        if not options.winograd:
            unwanted.append(note.WINOGRAD)
        graph.deselect_numeric_notes(unwanted)
        graph.deselect_workspace_greater_than(WORKSPACE)
        graph.check_support()
        graph.build_plans()
        return Plan(graph, int(graph.get_workspace_size()))


def described(frontend: Any, problem: Problem, handle: Any) -> Any:
    """The graph of one convolution, validated. Sums are in float32, whatever goes in."""
    kind, wide = getattr(frontend.data_type, _DTYPES[problem.dtype]), frontend.data_type.FLOAT
    graph = frontend.pygraph(
        handle=handle, io_data_type=kind, intermediate_data_type=wide, compute_data_type=wide
    )

    def tensor(name: str, uid: int) -> Any:
        shape = getattr(problem, name)
        steps = strides(shape, problem.layout)
        return graph.tensor(name=name, dim=list(shape), stride=steps, data_type=kind, uid=uid)

    window = {
        "pre_padding": list(problem.before), "post_padding": list(problem.after),
        "stride": list(problem.stride), "dilation": list(problem.dilation),
    }  # fmt: skip
    if problem.kind == FORWARD:
        name, uid = "y", Y
        out = graph.conv_fprop(image=tensor("x", X), weight=tensor("w", W), **window)
    elif problem.kind == INPUT_GRADIENT:
        name, uid = "x", X
        out = graph.conv_dgrad(loss=tensor("y", Y), filter=tensor("w", W), **window)
    else:
        name, uid = "w", W
        out = graph.conv_wgrad(image=tensor("x", X), loss=tensor("y", Y), **window)
    shape = getattr(problem, name)
    out.set_output(True).set_uid(uid).set_data_type(kind)
    out.set_dim(list(shape)).set_stride(strides(shape, problem.layout))
    graph.validate()
    return graph


def strides(shape: tuple[int, ...], layout: str) -> list[int]:
    """Of (N, C, H, W), in elements, where the memory is that itself, or (N, H, W, C)."""
    space = range(len(shape) - 1, 1, -1)
    found, step = [0] * len(shape), 1
    for axis in (1, *space, 0) if layout == CHANNELS_LAST else (*space, 1, 0):
        found[axis], step = step, step * shape[axis]
    return found


def load(device: Device) -> Convolutions | None:
    """The convolutions, where the package and the library that it drives are installed."""
    with contextlib.suppress(ImportError, OSError, RuntimeError):
        import cudnn

        cudnn.backend_version()  # RuntimeError where the library is not found
        return Convolutions(cudnn, device)
    return None
