"""Checks first and second derivatives of a case by difference quotients, without PyTorch.

Along random directions v, with a random cotangent c and a random u (one for each leaf x):

    L(x) = ⟨c, f(x)⟩      ⟨∇L, v⟩ ≈ (L(x + εv) − L(x − εv)) / 2ε
    S(x) = ⟨u, ∇L(x)⟩     ⟨∇S, v⟩ ≈ (S(x + εv) − S(x − εv)) / 2ε
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .build import Built, drawn_state, tensors_in
from .row import Case, Row

STEP = 1e-6
TOLERANCE = 2e-6


def wrong_derivatives(row: Row, case: Case, ours: Any, seed: int) -> list[str]:
    """What is wrong with the derivatives of one case; nothing where all is right."""
    rng = np.random.default_rng(seed)
    built = Built(ours, row.name, case, "float64")
    built.prepare()
    if built.layer is not None:
        built.load(drawn_state(built.state(), rng))
    leaves = built.leaves
    start = [leaf.detach().numpy().copy() for leaf in leaves]
    state = {key: value.copy() for key, value in built.state().items()}
    outputs = [y for y in tensors_in(built.call(), ours) if y.requires_grad]
    cotangents = [ours.tensor(rng.normal(size=tuple(y.shape))) for y in outputs]
    us = [ours.tensor(rng.normal(size=x.shape)) for x in start]
    exact = all(x.dtype == np.float64 for x in start) and all("64" in str(y.dtype) for y in outputs)
    if not outputs or not exact or not any(x.size for x in start):
        return []  # (a difference quotient needs float64 all the way)

    def place(offsets: list[np.ndarray]) -> None:
        _restore(built, state)
        for leaf, x, offset in zip(leaves, start, offsets, strict=True):
            leaf.detach().copy_(ours.tensor(x + offset))

    def total() -> Any:
        found = [y for y in tensors_in(built.call(), ours) if y.requires_grad]
        parts = [(y * c).sum() for y, c in zip(found, cotangents, strict=True)]
        return sum(parts[1:], parts[0])

    def slope(create_graph: bool) -> tuple[Any, list[Any]]:
        loss = total()
        grads = ours.autograd.grad(loss, leaves, create_graph=create_graph, allow_unused=True)
        terms = [(g * u).sum() for g, u in zip(grads, us, strict=True) if g is not None]
        return sum(terms[1:], terms[0]), list(grads)

    problems = []
    for _ in range(2):
        vs = [rng.normal(size=x.shape) for x in start]
        place([0 * v for v in vs])
        second, first = slope(create_graph=True)
        bent: list[Any] = [None] * len(leaves)
        if second.requires_grad:
            bent = list(ours.autograd.grad(second, leaves, allow_unused=True))
        ends = []
        for sign in (1, -1):
            place([sign * STEP * v for v in vs])
            ends.append((float(total().detach()), float(slope(False)[0].detach())))
        for order, found, (plus, minus) in zip(
            (1, 2), (first, bent), zip(*ends, strict=True), strict=True
        ):
            quotient = (plus - minus) / (2 * STEP)
            exact = sum(
                float((g.detach().numpy() * v).sum())
                for g, v in zip(found, vs, strict=True) if g is not None
            )  # fmt: skip
            size = max(1.0, abs(plus), abs(quotient))
            if not abs(exact - quotient) <= TOLERANCE * size:
                problems.append(f"order {order}: {exact:.9g}, difference quotient {quotient:.9g}")
    place([0 * x for x in start])
    return problems


def _restore(built: Built, state: dict[str, np.ndarray]) -> None:
    """Buffers as they were: a layer's statistics move on with each call."""
    if built.layer is not None:
        for name, buffer in built.layer.named_buffers():
            if name in state:
                buffer.copy_(built.library.tensor(state[name]))
