"""conv_transpose by NVIDIA's library: the products of the conv that leads back."""

from __future__ import annotations

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.conv import conv_transpose
from minitorch_cv.kernels.cuda.conv.problem import (
    CHANNELS_LAST,
    CHANNELS_SECOND,
    FORWARD,
    INPUT_GRADIENT,
    WEIGHT_GRADIENT,
)

import minitorch_cv as mt
import minitorch_cv.nn.functional as F
from minitorch_cv.backend import cudnn
from minitorch_cv.backend.registry import find_kernel
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing.checks_devices import cuda_equals_cpu
from minitorch_cv.testing.cuda_emulator import emulated_cuda

KERNEL = conv_transpose.OP
CASES = [
    ((2, 4, 5, 3), (4, 3, 3, 2), {"groups": 2, "stride": (2, 3), "padding": 1}),
    ((1, 3, 4, 5), (3, 4, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    ((2, 2, 3, 4), (2, 2, 3, 2), {"dilation": (3, 2), "padding": (3, 1)}),
    ((3, 4, 6), (4, 2, 3), {"stride": 3, "output_padding": 2}),
    ((1, 2, 2, 3, 4), (2, 3, 2, 1, 3), {"stride": (1, 2, 2), "padding": (1, 0, 1)}),
]


def test_values_gradients_and_errors_are_those_of_the_cpu(library, emulator):
    with emulated_cuda():
        cuda_equals_cpu(op_named("conv_transpose"), np.random.default_rng(0))
        assert find_kernel("conv_transpose", "cuda") is KERNEL
    assert set(library.ran) == {"x", "w", "y"}


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize(("x", "w", "params"), CASES)
def test_a_layer_and_its_gradients(x, w, params, dtype, library):
    rng, results = np.random.default_rng(0), []
    drawn = [rng.normal(size=s) for s in (x, w, (w[1] * params.get("groups", 1),))]
    call = getattr(F, f"conv_transpose{len(x) - 2}d")
    for place in ("cpu", "cuda"):
        with emulated_cuda():
            leaves = [mt.tensor(a, dtype=dtype).to(place).requires_grad_() for a in drawn]
            y = call(*leaves, **params)
            (y * y).mean().backward()
            assert y.array.flags.c_contiguous
            results.append([t.detach().cpu().numpy() for t in (y, *(p.grad for p in leaves))])
    assert library.ran == ["x", "y", "w"]
    tolerance = 1e-2 if dtype == "float16" else 1e-5
    for a, b in zip(*results, strict=True):
        assert a.dtype == b.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * abs(a).max())


def asked(kind, x, w, **params):
    plan = conv_transpose.OP.plan_of(w[2:], **params)
    return KERNEL._problem(kind, np.empty(x, "f"), np.empty(w, "f"), plan)


def test_padding_is_alike_at_both_ends_where_it_can_be():
    """A stride passes over the rows that output_padding adds."""
    problem = asked(
        INPUT_GRADIENT, (2, 4, 5, 5), (4, 3, 3, 3), stride=2, padding=1, output_padding=1
    )
    assert problem.before == problem.after == (1, 1)
    assert problem.x == (2, 3, 10, 10) and problem.y == (2, 4, 5, 5)
    problem = asked(FORWARD, (1, 2, 2, 2), (2, 1, 2, 2), dilation=3, output_padding=2, padding=2)
    assert (problem.before, problem.after) == ((2, 2), (0, 0))


def test_rows_that_no_padding_makes_up_for_go_the_readable_way(library, emulator):
    with emulated_cuda():
        x, w = mt.ones(1, 1, 2, 3, device="cuda"), mt.ones(1, 1, 2, 2, device="cuda")
        F.conv_transpose2d(x, w, dilation=3, output_padding=2)
    assert library.ran == []


def test_gradients_without_a_way_are_the_references(library, emulator):
    library.refuses = lambda graph: graph.name == "w"
    with emulated_cuda():
        cuda_equals_cpu(op_named("conv_transpose"), np.random.default_rng(0))
    assert "x" in library.ran and "w" not in library.ran


@pytest.mark.parametrize("layout", [CHANNELS_SECOND, CHANNELS_LAST])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("kind", [FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT])
@pytest.mark.parametrize(("x", "w", "params"), CASES)
def test_the_package_itself_takes_the_graphs(kind, x, w, params, dtype, layout, package):
    described = asked(kind, x, w, **params)._replace(dtype=dtype, layout=layout)
    cudnn.described(package, described, handle=1)
