"""A stand-in for the package `cudnn`: it does what the graphs say, on the addresses it is given."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from minitorch_cv.backend import cudnn
from minitorch_cv.testing.cuda_emulator import recorder
from minitorch_cv.testing.cuda_emulator.device import EmulatedDevice
from minitorch_cv.testing.fake_device import FakeNamespace

CTYPES = {
    "FLOAT": (np.float32, ctypes.c_float), "HALF": (np.float16, ctypes.c_uint16),
    "BFLOAT16": (np.uint16, ctypes.c_uint16),
}  # fmt: skip


class NotSupportedError(Exception):
    """cudnn.cudnnGraphNotSupportedError"""


class Tensor:
    """What a graph holds of an array: its address comes when it runs."""

    def __init__(self, dim=None, stride=None, data_type=None, uid=None, name=""):
        self.dim, self.stride, self.data_type = dim, stride, data_type
        self.uid, self.name = uid, name

    def set_output(self, flag):
        return self._set("is_output", flag)

    def set_uid(self, uid):
        return self._set("uid", uid)

    def set_data_type(self, kind):
        return self._set("data_type", kind)

    def set_dim(self, dim):
        return self._set("dim", dim)

    def set_stride(self, stride):
        return self._set("stride", stride)

    def _set(self, name, value):
        setattr(self, name, value)
        return self

    def at(self, address):
        """The array that lies there, channels second, as the strides say."""
        dtype, kind = CTYPES[self.data_type]
        flat = np.ctypeslib.as_array((kind * int(np.prod(self.dim))).from_address(address))
        steps = [step * flat.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(flat.view(dtype), self.dim, steps)


def packed(dim, order):
    """Strides of an array whose axes follow one another in this order, the slowest first."""
    strides, step = [0] * len(dim), 1
    for axis in reversed(order):
        strides[axis], step = step, step * dim[axis]
    return strides


def widened(array):
    """Numbers; those of bfloat16 lie in uint16."""
    if array.dtype != np.uint16:
        return array
    return (array.astype(np.uint32) << 16).view(np.float32)


def narrowed(values, dtype):
    """The numbers as they are stored; bfloat16 by Python's own rounding to even."""
    if dtype != np.uint16:
        return values
    mantissas, exponents = np.frexp(values)
    return np.ldexp(np.rint(mantissas * 256) / 256, exponents).astype("f").view(np.uint32) >> 16


class Graph:
    """cudnn.pygraph: one convolution, done by loops over the taps in float64."""

    def __init__(self, frontend, handle, io_data_type, intermediate_data_type, compute_data_type):
        assert (intermediate_data_type, compute_data_type) == ("FLOAT", "FLOAT")
        self.frontend, self.handle, self.io, self.done = frontend, handle, io_data_type, []

    def tensor(self, name, dim, stride, data_type, uid):
        return Tensor(dim, stride, data_type, uid, name)

    def conv_fprop(self, image, weight, **window):
        return self._node("y", {"x": image, "w": weight}, window)

    def conv_dgrad(self, loss, filter, **window):  # noqa: A002
        return self._node("x", {"y": loss, "w": filter}, window)

    def conv_wgrad(self, image, loss, **window):
        return self._node("w", {"x": image, "y": loss}, window)

    @property
    def layout(self):
        """How the arrays lie, by their strides: all of them alike."""
        n = len(self.window["stride"])
        for layout, order in (("second", range(n + 2)), ("last", (0, *range(2, n + 2), 1))):
            if all(t.stride == packed(t.dim, order) for t in self.tensors.values()):
                return layout
        raise AssertionError([t.stride for t in self.tensors.values()])

    def _node(self, name, inputs, window):
        self.name, self.inputs, self.window = name, inputs, window
        self.tensors = {**inputs, name: Tensor()}
        return self.tensors[name]

    def __getattr__(self, name):
        if name in ("validate", "build_operation_graph", "build_plans", "check_support"):
            return lambda: self.done.append(name)
        raise AttributeError(name)

    def create_execution_plans(self, modes):
        self.done.append("create_execution_plans")
        self.frontend.planned += 1
        if self.frontend.refuses(self):
            raise NotSupportedError("no engine")

    def deselect_numeric_notes(self, notes):
        assert self.done[-1] == "create_execution_plans"
        self.frontend.notes = set(notes)

    def deselect_workspace_greater_than(self, limit):
        assert limit == cudnn.WORKSPACE

    def get_workspace_size(self):
        assert self.done[-1] == "build_plans"
        return 12

    def execute(self, addresses, workspace, handle):
        assert type(workspace) is int and all(type(a) is int for a in addresses.values())
        assert all(a % 16 == 0 for a in (*addresses.values(), workspace)), "a misaligned address"
        assert handle == self.handle and self.frontend.stream == 7
        found = {name: t.at(addresses[t.uid]) for name, t in self.tensors.items()}
        self.frontend.ran.append(self.name)
        self.frontend.kinds.append(self.io)
        self.frontend.layouts.append(self.layout)
        if recorder.active is None:
            self.solve(found)
        else:
            recorder.active.note(lambda: self.solve(found))

    def solve(self, found):
        numbers = {name: widened(array) for name, array in found.items()}
        target = found[self.name]
        target[...] = narrowed(product(self.name, numbers, self.window), target.dtype)


def product(name, arrays, window):
    """y, the gradient of x or that of w."""
    x, w, y = (np.array(arrays[k], np.float64) if k != name else None for k in "xwy")
    shape = {k: a.shape for k, a in arrays.items()}
    groups = shape["x"][1] // shape["w"][1]
    pads = [(0, 0), (0, 0), *zip(window["pre_padding"], window["post_padding"], strict=True)]
    out = np.zeros(shape[name])
    wide = np.pad(x, pads) if x is not None else np.pad(out, pads)
    for tap in itertools.product(*map(range, shape["w"][2:])):
        places = tuple(
            slice(t * d, t * d + s * (count - 1) + 1, s)
            for t, d, s, count in zip(
                tap, window["dilation"], window["stride"], shape["y"][2:], strict=True
            )
        )
        for g in range(groups):
            inside = slice(g * shape["w"][1], (g + 1) * shape["w"][1])
            share = shape["w"][0] // groups
            rows = slice(g * share, (g + 1) * share)
            part = wide[(slice(None), inside, *places)]
            at = (rows, slice(None), *tap)
            if name == "y":
                out[:, rows] += np.einsum("nc...,oc->no...", part, w[at])
            elif name == "w":
                out[at] += np.einsum("nos,ncs->oc", flat(y[:, rows]), flat(part))
            else:
                part += np.einsum("no...,oc->nc...", y[:, rows], w[at])
    if name != "x":
        return out
    return wide[tuple(slice(a, a + n) for (a, _), n in zip(pads, out.shape, strict=True))]


def flat(a):
    return a.reshape(*a.shape[:2], -1)


class Frontend:
    """The package."""

    cudnnGraphNotSupportedError = NotSupportedError  # noqa: N815
    data_type = SimpleNamespace(FLOAT="FLOAT", HALF="HALF", BFLOAT16="BFLOAT16")
    heur_mode = SimpleNamespace(A="A", FALLBACK="FALLBACK")
    numerical_note = SimpleNamespace(
        DOWN_CONVERT_INPUTS="down", TENSOR_CORE="tensor cores", NONDETERMINISTIC="any order",
        WINOGRAD="Winograd",
    )  # fmt: skip

    def __init__(self):
        self.planned, self.stream, self.notes, self.ran = 0, None, set(), []
        self.kinds, self.layouts = [], []
        self.refuses = lambda graph: False

    def pygraph(self, **options):
        return Graph(self, **options)

    def create_handle(self):
        return 41

    def set_stream(self, handle, stream):
        self.stream = stream


@pytest.fixture
def library(monkeypatch):
    """The stand-in, used by the emulated device."""
    frontend, cuda = Frontend(), SimpleNamespace(
        Device=lambda index: contextlib.nullcontext(),
        get_current_stream=lambda: SimpleNamespace(ptr=7),
    )  # fmt: skip
    device = EmulatedDevice()
    device.namespace = FakeNamespace()
    device.namespace.cuda = cuda
    monkeypatch.setattr(EmulatedDevice, "convolutions", cudnn.Convolutions(frontend, device))
    return frontend


@pytest.fixture
def package():
    """The package itself."""
    try:
        found = pytest.importorskip("cudnn", reason="nvidia-cudnn-frontend is not installed")
        found.backend_version()
    except (OSError, RuntimeError):  # on import, or when first asked: by version
        pytest.skip("cuDNN itself is not installed")
    return found
