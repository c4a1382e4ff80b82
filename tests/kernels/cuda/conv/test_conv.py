"""conv by NVIDIA's library: what is asked of it, and that its answers are the op's.

A stand-in for the package `cudnn` (conftest.py) does what the graphs say; where the package itself
is installed, its graphs are described and validated, too.
"""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.conv import conv
from minitorch_cv.kernels.cuda.conv.problem import (
    CHANNELS_LAST,
    CHANNELS_SECOND,
    FORWARD,
    INPUT_GRADIENT,
    WEIGHT_GRADIENT,
    problem,
)

import minitorch_cv as mt
from minitorch_cv.backend import backends, cudnn
from minitorch_cv.backend.registry import find_kernel, use_kernels
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.checks_devices import cuda_equals_cpu
from minitorch_cv.testing.cuda_emulator import emulated_cuda
from minitorch_cv.testing.cuda_emulator.device import EmulatedDevice


@pytest.fixture
def switches(monkeypatch):
    """Switches of the test's own."""
    monkeypatch.setattr(backends, "cudnn", backends._Cudnn())
    monkeypatch.setattr(cudnn, "switches", backends.cudnn)
    return backends.cudnn


def test_values_gradients_and_errors_are_those_of_the_cpu(library):
    with emulated_cuda():
        cuda_equals_cpu(op_named("conv"), np.random.default_rng(0))
        assert find_kernel("conv", "cuda") is conv.OP
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


def test_switches(library, switches, emulator):
    with emulated_cuda():
        x, w = mt.ones(1, 2, 4, 4, device="cuda"), mt.ones(2, 2, 3, 3, device="cuda")
        switches.allow_tf32, switches.deterministic = True, False
        mt.nn.functional.conv2d(x, w)
        assert library.notes == {"down"}
        with use_kernels(winograd=False):
            mt.nn.functional.conv2d(x, w)
        assert library.notes == {"down", "Winograd"}
        mt.nn.functional.conv2d(x.half(), w.half())
        assert library.notes == {"down"}
        switches.enabled = False
        ran = len(library.ran)
        with use_kernels("reference"):  # so that this needs no compiler
            mt.nn.functional.conv2d(x, w)
        assert len(library.ran) == ran and not conv.OP.supports(x.array, w.array, None)


def layer(dtype="float32"):
    """conv2d on the GPU with a bias, and all gradients; → the kernels that ran."""
    device = emulated_cuda()
    with device:
        leaves = [
            mt.ones(*s, device="cuda").to(getattr(mt, dtype)).requires_grad_()
            for s in ((2, 3, 6, 5), (4, 3, 3, 3), (4,))
        ]
        y = mt.nn.functional.conv2d(*leaves, padding=1)
        y.sum().backward()
        np.testing.assert_array_equal(y.detach()[0, 0, :2, :2].cpu().numpy(), [[13, 19], [19, 28]])
        np.testing.assert_array_equal(leaves[1].grad[0, 0].cpu().numpy()[0], [40, 50, 40])
    return {kernel for _, kernel in device.device.launched}


def test_float32_goes_as_it_is_and_what_tensor_cores_read_channels_last(library, switches):
    assert "channels_last" not in layer() and library.layouts == ["second"] * 3
    layer("float16")
    assert library.layouts[3:] == ["last"] * 3


def test_tf32_goes_channels_last(library, switches, emulator):
    switches.allow_tf32 = True
    assert {"channels_last", "channels_second"} <= layer()
    assert library.layouts == ["last"] * 3


def test_the_other_layout_is_the_second_choice(library, switches, emulator):
    library.refuses = lambda graph: graph.name == "w" and graph.layout == "second"
    assert {"channels_last", "channels_second"} <= layer()
    assert library.layouts == ["second", "second", "last"]
    switches.allow_tf32 = True
    library.refuses = lambda graph: graph.layout == "last"
    assert "channels_last" not in layer() and library.layouts[3:] == ["second"] * 3
    assert not EmulatedDevice.convolutions.unsolved


def test_problems_without_a_plan_are_told_once(library, switches, emulator):
    library.refuses = lambda graph: graph.name == "x"
    for _ in range(2):
        layer()
    (words, reason), *others = EmulatedDevice.convolutions.unsolved.items()
    assert not others and reason == "NotSupportedError: no engine"
    assert words == (
        "input gradient in float32, x (2, 3, 6, 5), w (4, 3, 3, 3), y (2, 4, 6, 5), "
        "stride (1, 1), padding (1, 1) (1, 1), dilation (1, 1)"
    )
    switches.allow_tf32 = True
    layer()
    assert [k.endswith(", TF32") for k in EmulatedDevice.convolutions.unsolved] == [False, True]
    switches.enabled = False
    layer()
    assert len(EmulatedDevice.convolutions.unsolved) == 2


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
@pytest.mark.parametrize("tf32", [False, True])
def test_arrays_that_begin_anywhere(tf32, name, library, switches, emulator):
    """The library reads 16 bytes at once: 25 floats behind the first image no 16 bytes begin."""
    switches.allow_tf32 = tf32
    rng, results = np.random.default_rng(0), []
    images, flat = rng.normal(size=(4, 1, 5, 5)).astype("f"), rng.normal(size=10).astype("f")
    for place in ("cpu", "cuda"):
        with emulated_cuda():
            x = mt.tensor(images).to(place)[1:].requires_grad_()
            w = mt.tensor(flat).to(place)[1:].reshape(1, 1, 3, 3).requires_grad_()
            if place == "cuda":
                assert all(EmulatedDevice().address(a.array) % 16 for a in (x, w))
            y = getattr(mt.nn.functional, name)(x, w)
            gy = mt.tensor(np.arange(1 + 3 * 49, dtype="f")).to(place)[1 : 1 + y.numel()]
            y.backward(gy.reshape(y.shape))
            results.append([t.detach().cpu().numpy() for t in (y, x.grad, w.grad)])
    assert sorted(library.ran) == ["w", "x", "y"]
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * abs(a).max())


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


@pytest.mark.parametrize("layout", [CHANNELS_SECOND, CHANNELS_LAST])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("kind", [FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT])
@pytest.mark.parametrize(
    ("x", "w", "params"),
    [((2, 8, 5, 6), (16, 8, 3, 3), {"padding": 1}),
     ((2, 8, 5, 6), (16, 2, 3, 2), {"padding": "same", "groups": 4}),
     ((2, 8, 9), (4, 8, 3), {"stride": 2, "dilation": 2}),
     ((2, 8, 5, 6, 7), (4, 8, 1, 2, 3), {}),
     ((2, 3, 9, 9), (3, 1, 3, 3), {"groups": 3, "stride": 2, "padding": 1})],
)  # fmt: skip
def test_the_package_itself_takes_the_graphs(kind, x, w, params, dtype, layout, package):
    plan = conv.OP.plan_of(w[2:], **params)
    shapes = conv.shapes_of(*(np.empty(shape, np.float16) for shape in (x, w)), plan)
    asked = problem(kind, dtype, shapes, plan)._replace(layout=layout)
    cudnn.described(package, asked, handle=1)  # validates; a plan would need a GPU
