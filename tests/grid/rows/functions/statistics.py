"""Tensor functions that integrate, correlate and measure: trapezoid, cov, corrcoef, norms."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ...row import Case, Fixed, Of, Row, apart, every

Rng = np.random.Generator
INTEGERS = np.array([[3, -2, 1], [0, 5, -4]])
SPECTRAL = "norms that need singular values are not here"


def trapezoid(rng: Rng) -> Iterable[Case]:
    y, places = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    for dim in (0, 1, -1, -4, 3):
        yield Case((y,), kwargs={"dim": dim}, label=f"dim {dim}")
        yield Case((y,), kwargs={"dim": dim, "dx": 0.5}, label=f"dx, dim {dim}")
        yield Case((y, places), kwargs={"dim": dim}, label=f"places, dim {dim}")
    for x in (places[0, 0], places[0, :, :1], places[0], places[:1], places[0, 0, :3]):
        yield Case((y, x), label=f"x {x.shape}")
    yield Case((y, places[0, :, 0]), kwargs={"dim": 1}, label="a vector in the middle")
    yield Case((y, places), kwargs={"dx": 2.0}, label="x and dx")
    yield Case((y[..., :1],), label="one sample")
    yield Case((y[..., :0],), label="no samples")
    yield Case((y[..., :0], places[..., :0]), label="no samples, places")
    yield Case((y[:0],), label="empty batch")
    yield Case((np.array(1.5),), label="0-d")
    yield Case((INTEGERS,), label="integers")
    yield Case((INTEGERS, np.array([1, 2, 5])), label="integers, places")
    yield Case((INTEGERS, places[0, 0, :3]), label="integers, float places")
    yield Case((INTEGERS > 0,), kwargs={"dx": 1}, label="booleans")
    yield Case((INTEGERS > 0, np.array([1, 2, 5])), label="booleans, places")
    yield Case((y, y > 0), label="boolean places")
    yield Case(([1.0, 2.0],), label="no tensor")


def cov(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=(3, 5))
    often, much = np.array([1, 0, 2, 3, 1]), rng.uniform(0.5, 2, 5)
    weights = ({}, {"fweights": often}, {"aweights": much}, {"fweights": often, "aweights": much})
    for options in every(correction=(0, 1, 2), weights=weights):
        kwargs = {"correction": options["correction"], **options["weights"]}
        yield Case((x,), kwargs=kwargs, label=", ".join(kwargs))
        yield Case((x[0],), kwargs=kwargs, label="a vector")
    yield Case((x,), kwargs={"correction": 5}, label="as many as there are", smooth=False)
    yield Case((x[:, :1],), label="one column", smooth=False)
    yield Case((np.array(1.5),), label="0-d", smooth=False)
    yield Case((x[:, :0],), label="no columns", smooth=False)
    yield Case((INTEGERS,), label="integers")
    yield Case((INTEGERS > 0,), label="booleans")
    yield Case((x[None],), label="three axes")
    yield Case((x,), kwargs={"fweights": much}, label="floats as counts")
    yield Case((x,), kwargs={"aweights": often}, label="integers as weights")
    yield Case((x,), kwargs={"fweights": often[:3]}, label="too few")
    yield Case((x,), kwargs={"fweights": often[None]}, label="a matrix")
    yield Case((x,), kwargs={"fweights": -often}, label="negative counts")
    yield Case((x,), kwargs={"aweights": Fixed(-much)}, label="negative weights")
    yield Case(([[1.0]],), label="no tensor")


def corrcoef(rng: Rng) -> Iterable[Case]:
    x = rng.normal(size=(3, 5))
    yield Case((x,))
    yield Case((x[:2],), label="two rows")
    yield Case((x[0],), label="a vector", smooth=False)
    yield Case((np.array(1.5),), label="0-d", smooth=False)
    yield Case((np.array([[1.0, 1.0], [1.0, 2.0]]),), label="a constant row", smooth=False)
    yield Case((INTEGERS,), label="integers")
    yield Case((x[None],), label="three axes")


def vector_norm(rng: Rng) -> Iterable[Case]:
    x = apart(rng, 2, 3, 4)
    orders = (2, 1, 3, 0.5, -1, 0, math.inf, -math.inf, "fro")
    for options in every(ord=orders, dim=(None, 1, (0, 2), -4, ()), keepdim=(False, True)):
        yield Case((x,), kwargs=options, label=str(options))
    yield Case((x[:0],), label="empty")
    yield Case((x[:0], math.inf), label="empty, inf")
    yield Case((x[:0], 2, 1), label="empty batch")
    yield Case((np.array(-1.5),), label="0-d")
    yield Case((INTEGERS,), label="integers")
    yield Case((np.zeros((2, 2)),), label="zeros", smooth=False)
    for kind in ("float64", "float32", "int64"):
        yield Case((x,), kwargs={"dtype": Of(kind)}, label=kind, single=kind != "float32",
                   smooth=kind == "float64")  # fmt: skip


def matrix_norm(rng: Rng) -> Iterable[Case]:
    x = apart(rng, 2, 3, 4)
    orders = ("fro", 1, -1, math.inf, -math.inf, 3, "x")
    for options in every(ord=orders, dim=((-2, -1), (0, 1), (2, 0)), keepdim=(False, True)):
        yield Case((x,), kwargs=options, label=str(options))
    for order in (2, -2, "nuc"):
        yield Case((x, order), label=f"{order}", differs=SPECTRAL)
    for dim in ((0,), (1, 1), 1, (0, 5)):
        yield Case((x,), kwargs={"dim": dim}, label=f"dim {dim}")
    yield Case((x[:0],), label="empty batch")
    yield Case((x[0, :0],), label="no rows")
    yield Case((x[0, :0], 1), label="no rows, 1")
    yield Case((x[0, :0], math.inf), label="no rows, inf")
    yield Case((x[0, 0],), label="a vector")
    yield Case((INTEGERS,), label="integers")
    yield Case((x,), kwargs={"dtype": Of("float64")}, label="float64")


ROWS: list[Row] = [
    Row("torch.trapezoid", trapezoid), Row("torch.trapz", trapezoid), Row("torch.cov", cov),
    Row("torch.corrcoef", corrcoef), Row("torch.linalg.vector_norm", vector_norm),
    Row("torch.linalg.matrix_norm", matrix_norm),
]  # fmt: skip
