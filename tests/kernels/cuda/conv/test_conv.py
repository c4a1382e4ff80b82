"""conv by NVIDIA's library: what is asked of it, and that its answers are the op's.

A stand-in for the package `cudnn` does what the graphs say, with NumPy, on the addresses that it is
given; where the package itself is installed, its graphs are described and validated, too.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.conv import conv

import minitorch_cv as mt
from minitorch_cv.backend import backends, cudnn
from minitorch_cv.backend.registry import find_kernel, use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.checks_devices import cuda_equals_cpu
from minitorch_cv.testing.cuda_emulator import emulated_cuda
from minitorch_cv.testing.cuda_emulator.device import EmulatedDevice
from minitorch_cv.testing.fake_device import FakeNamespace

CTYPES = {"FLOAT": (np.float32, ctypes.c_float), "HALF": (np.float16, ctypes.c_uint16)}


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
        assert handle == self.handle and self.frontend.stream == 7
        found = {name: t.at(addresses[t.uid]) for name, t in self.tensors.items()}
        self.frontend.ran.append(self.name)
        found[self.name][...] = product(self.name, found, self.window)


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
    data_type = SimpleNamespace(FLOAT="FLOAT", HALF="HALF")
    heur_mode = SimpleNamespace(A="A", FALLBACK="FALLBACK")
    numerical_note = SimpleNamespace(
        DOWN_CONVERT_INPUTS="down", TENSOR_CORE="tensor cores", NONDETERMINISTIC="any order",
        WINOGRAD="Winograd",
    )  # fmt: skip

    def __init__(self):
        self.planned, self.stream, self.notes, self.ran = 0, None, set(), []
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


def test_values_gradients_and_errors_are_those_of_the_cpu(library):
    with emulated_cuda():
        cuda_equals_cpu(op_named("conv"), np.random.default_rng(0))
        assert find_kernel("conv", "cuda") is conv
    assert set(library.ran) == {"x", "w", "y"}


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_layer_and_its_gradients(library, dtype):
    rng, results = np.random.default_rng(0), []
    x, w = rng.normal(size=(3, 4, 9, 7)), rng.normal(size=(6, 2, 3, 2))
    for place in ("cpu", "cuda"):
        with emulated_cuda():
            leaves = [mt.tensor(a, dtype=dtype).to(place).requires_grad_() for a in (x, w)]
            bias = mt.tensor(rng.normal(size=6) * 0 + 0.5, dtype=dtype).to(place).requires_grad_()
            y = mt.nn.functional.conv2d(*leaves, bias, stride=(2, 1), padding=(1, 2), groups=2)
            (y * y).sum().backward()
            assert y.array.flags.c_contiguous
            made = (y, *(p.grad for p in (*leaves, bias)))
            results.append([t.detach().cpu().numpy() for t in made])
    assert library.ran == ["y", "x", "w"]
    tolerance = 1e-2 if dtype == "float16" else 1e-5
    for a, b in zip(*results, strict=True):
        assert a.dtype == b.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * abs(a).max())


def test_plans_are_kept_by_shape_and_switches(library):
    with emulated_cuda():
        x, w = mt.ones(1, 2, 4, 4, device="cuda"), mt.ones(2, 2, 3, 3, device="cuda")
        for _ in range(3):
            mt.nn.functional.conv2d(x, w)
        assert library.planned == 1
        assert library.notes == {"down", "tensor cores", "any order"}
        mt.nn.functional.conv2d(x[:, :, 1:], w)
        assert library.planned == 2
        mt.nn.functional.conv2d(x.half(), w.half())  # halves are what tensor cores are for
        assert library.planned == 3 and library.notes == {"down", "any order"}


def test_switches(library, monkeypatch):
    with emulated_cuda():
        x, w = mt.ones(1, 2, 4, 4, device="cuda"), mt.ones(2, 2, 3, 3, device="cuda")
        monkeypatch.setattr(backends, "cudnn", backends._Cudnn())
        monkeypatch.setattr(cudnn, "switches", backends.cudnn)
        backends.cudnn.allow_tf32, backends.cudnn.deterministic = True, False
        mt.nn.functional.conv2d(x, w)
        assert library.notes == {"down"}
        with use_kernels(winograd=False):
            mt.nn.functional.conv2d(x, w)
        assert library.notes == {"down", "Winograd"}
        mt.nn.functional.conv2d(x.half(), w.half())
        assert library.notes == {"down"}
        backends.cudnn.enabled = False
        ran = len(library.ran)
        with use_kernels("reference"):  # so that this needs no compiler
            mt.nn.functional.conv2d(x, w)
        assert len(library.ran) == ran and not conv.supports(x.array, w.array, None)


def test_what_the_library_has_no_way_for_goes_the_readable_way(library, emulator):
    library.refuses = lambda graph: True
    with emulated_cuda() as counters:
        cuda_equals_cpu(op_named("conv"), np.random.default_rng(0))
        assert counters is not None and library.ran == []


def test_gradients_without_a_way_are_the_references(library, emulator):
    library.refuses = lambda graph: graph.name == "w"
    with emulated_cuda():
        cuda_equals_cpu(op_named("conv"), np.random.default_rng(0))
    assert "y" in library.ran and "w" not in library.ran


def test_without_the_package_nothing_is_asked_for(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cudnn", None)
    assert cudnn.load(EmulatedDevice()) is None


def test_switches_refuse_other_names_and_values():
    with pytest.raises(AttributeError, match="has no 'allow_tf23'; use enabled, allow_tf32"):
        mt.backends.cudnn.allow_tf23 = True
    with pytest.raises(TypeError, match="allow_tf32: True or False .got 1"):
        mt.backends.cudnn.allow_tf32 = 1


@pytest.mark.parametrize("kind", [conv.FORWARD, conv.INPUT_GRADIENT, conv.WEIGHT_GRADIENT])
@pytest.mark.parametrize(
    ("x", "w", "params"),
    [((2, 8, 5, 6), (16, 8, 3, 3), {"padding": 1}),
     ((2, 8, 5, 6), (16, 2, 3, 2), {"padding": "same", "groups": 4}),
     ((2, 8, 9), (4, 8, 3), {"stride": 2, "dilation": 2}),
     ((2, 8, 5, 6, 7), (4, 8, 1, 2, 3), {}),
     ((2, 3, 9, 9), (3, 1, 3, 3), {"groups": 3, "stride": 2, "padding": 1})],
)  # fmt: skip
def test_the_package_itself_takes_the_graphs(kind, x, w, params):
    package = pytest.importorskip("cudnn", reason="nvidia-cudnn-frontend is not installed")
    try:
        package.backend_version()
    except RuntimeError:
        pytest.skip("cuDNN itself is not installed")
    arrays = [np.empty(shape, np.float16) for shape in (x, w)]
    asked = conv.problem(kind, *arrays, conv._plan(w[2:], **params))
    cudnn.described(package, asked, handle=1)  # validates; a plan would need a GPU
