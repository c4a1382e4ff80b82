"""Tensor functions of linear algebra: products, einsum, distances."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ...row import Case, Row, every

Rng = np.random.Generator


def product(name: str, good: tuple, *bad: tuple) -> Row:
    """A product of two tensors: the shapes that it takes, and some that it does not."""

    def cases(rng: Rng) -> Iterable[Case]:
        for a, b in (*good, *bad):
            yield Case((rng.normal(size=a), rng.normal(size=b)), label=f"{a} {b}")
        for a, b in good[:2]:
            x, y = rng.normal(size=a), rng.normal(size=b)
            yield Case((x.astype(np.float32), y.astype(np.float32)), label="float32")
            yield Case((x.astype(np.float32), y), label="mixed")
            yield Case((rng.integers(5, size=a), rng.integers(5, size=b)), label="integers")
            yield Case((rng.integers(5, size=a), y), label="integers and floats")
            yield Case((x, 2.0), label="a number")
            yield Case((x,), label="one alone")

    return Row(name, cases)


MATRICES = ((3, 4), (4, 2)), ((1, 4), (4, 1)), ((3, 0), (0, 2)), ((0, 4), (4, 2))
BATCHES = ((2, 3, 4), (2, 4, 5)), ((1, 3, 1), (1, 1, 5)), ((0, 3, 4), (0, 4, 2))
VECTORS = ((4,), (4,)), ((1,), (1,)), ((0,), (0,))
ANY = (
    ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 2)), ((3, 4), (4, 2)), ((2, 3, 4), (4, 2)),
    ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 4), (2, 4, 5)), ((4,), (2, 4, 5)),
    ((2, 3, 4), (4,)), ((0, 3, 4), (4, 2)), ((3, 0), (0, 2)),
)  # fmt: skip


def plus(shape: tuple, a: tuple, b: tuple, *others: tuple):
    """The cases of addmm and its kin: beta · x + alpha · a b."""

    def cases(rng: Rng) -> Iterable[Case]:
        x, y, z = rng.normal(size=shape), rng.normal(size=a), rng.normal(size=b)
        for options in every(beta=(1, 0, 0.5), alpha=(1, 2, -0.5)):
            yield Case((x, y, z), kwargs=options, label=str(options))
        for other in others:
            yield Case((rng.normal(size=other), y, z), label=f"input {other}")
        yield Case((np.full(shape, math.nan), y, z), kwargs={"beta": 0}, label="NaN, beta 0",
                   smooth=False)  # fmt: skip
        yield Case((x, z, y), label="turned")
        yield Case((x, y, z[0]), label="rank")
        yield Case((x.astype(np.float32), y, z), label="mixed")

    return cases


def outer(rng: Rng) -> Iterable[Case]:
    for n, m in ((3, 4), (1, 2), (0, 3)):
        yield Case((rng.normal(size=n), rng.normal(size=m)), label=f"{n} {m}")
    yield Case((np.arange(3), rng.normal(size=2)), label="integers and floats")
    yield Case((rng.normal(size=(2, 2)), rng.normal(size=2)), label="a matrix")
    yield Case((np.array(1.0), rng.normal(size=2)), label="a number")


def inner(rng: Rng) -> Iterable[Case]:
    for a, b in (((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((2, 5, 3), (4, 3)), ((), (2, 3))):
        yield Case((rng.normal(size=a), rng.normal(size=b)), label=f"{a} {b}")
    yield Case((rng.normal(size=3), rng.normal(size=4)), label="sizes")


def kron(rng: Rng) -> Iterable[Case]:
    for a, b in (((2, 3), (4, 2)), ((3,), (2,)), ((2,), (2, 3)), ((), (2, 3)), ((2, 1, 2), (3, 2))):
        yield Case((rng.normal(size=a), rng.normal(size=b)), label=f"{a} {b}")
    yield Case((rng.integers(5, size=(2, 2)), rng.normal(size=(2, 2))), label="mixed")


def cross(rng: Rng) -> Iterable[Case]:
    x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    for dim in (1, -1, 0, 2):
        yield Case((x, y, dim), label=f"dim {dim}")
    yield Case((x, y[:1], 1), label="broadcast")
    yield Case((x[0], y[0], 0), label="vectors")
    yield Case((x, y[:, :2], 1), label="sizes")


def tensordot(rng: Rng) -> Iterable[Case]:
    a, b = rng.normal(size=(2, 3, 4)), rng.normal(size=(3, 4, 5))
    for dims in (2, 0, ([1, 2], [0, 1]), ([2], [1]), ([-1], [1]), 1, 4, -1, ([0], [0]), ([], [])):
        yield Case((a, b), kwargs={"dims": dims}, label=str(dims))


SIZES = {"b": 2, "c": 3, "h": 4, "w": 5, "o": 2, "i": 3, "j": 4, "k": 5, "l": 2, "n": 2}
EQUATIONS = (
    "ij,jk->ik", "ij,jk", "ij->ji", "ij->i", "ij->", "ij", "ii->i", "ii", "ii->", "i,j->ij",
    "i,i->", "bij,bjk->bik", "bhi,bwi->bhw", "nchw,oc->nohw", "ij,ij->ij", "ij,ij", "ijk,jil->kl",
    "...ij,...jk->...ik", "...i->...", "i...->...i", "ij,jk,kl->il", "i,ij,j->", "bi,oij,bj->bo",
    "iij->j", "ij, jk -> ik", "ji", "ij,k->ijk", "b...c,oc->b...o", "ijk->kji", "aij->ij",
)  # fmt: skip
BAD_EQUATIONS = (
    "ij,jk->iz", "ij", "ij,jk,kl->il", "i,jk->ik", "ij,jk->iik", "i1,1k->ik", "ij->jk->ik",
    "ijk,jk->ik", "ij,jj->i",
)  # fmt: skip


def einsum(rng: Rng) -> Iterable[Case]:
    sizes = {**SIZES, "a": 2}
    for equation in EQUATIONS:
        terms = equation.replace(" ", "").partition("->")[0].split(",")
        operands = []
        for term in terms:
            lead, dots, tail = term.partition("...")
            shape = [sizes[c] for c in lead] + ([2, 3] if dots else []) + [sizes[c] for c in tail]
            operands.append(rng.normal(size=shape))
        yield Case((equation, *operands), label=equation)
    a, b = rng.normal(size=(3, 4)), rng.normal(size=(4, 5))
    for equation in BAD_EQUATIONS:
        yield Case((equation, a, b), label=equation)
    yield Case(("ij,jk->ik", rng.normal(size=(3, 1)), b), label="size 1 broadcast")
    yield Case(("...j,jk->...k", a[0], b), label="dots for nothing")
    yield Case(("...,...", a, b.T[:1, :]), label="dots alone")
    yield Case(("ij,jk->ik", a, b.astype(np.float32)), label="mixed", single=False)
    yield Case(("ij,jk->ik", [a, b]), label="a list")
    yield Case(("ij,jk->ik", a[:0], b), label="empty")
    yield Case(("ij,jk->ik", a[:, :0], b[:0]), label="a sum of nothing")
    yield Case(("ij->ji", rng.integers(5, size=(2, 3))), label="integers")


def cdist(rng: Rng) -> Iterable[Case]:
    a, b = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4))
    for p in (2.0, 1.0, 0.0, math.inf, 1.5, 3.0, 0.5, -1.0):
        yield Case((a, b), kwargs={"p": p}, label=f"p {p}")
        yield Case((a[0], b[0], p), label=f"matrices, p {p}")
    for p in (2.0, 1.0, 1.5, math.inf):
        yield Case((a[0], a[0], p), label=f"equal rows, p {p}", smooth=False)
    yield Case((a[:1], b), label="broadcast")
    yield Case((a, b), kwargs={"compute_mode": "donot_use_mm_for_euclid_dist"}, label="mode")
    yield Case((a[:, :0], b), label="no rows")
    yield Case((a[..., :0], b[..., :0]), label="no columns", smooth=False)
    yield Case((a, b[..., :3]), label="sizes")
    yield Case((a[0, 0], b[0]), label="rank")
    yield Case((a, b.astype(np.float32)), label="mixed", single=False)


def dist(rng: Rng) -> Iterable[Case]:
    a, b = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    for p in (2, 1, 0, math.inf, -math.inf, 3, 0.5):
        differs = "PyTorch's derivative of p = 0 raises; ours is 0" if p == 0 else ""
        yield Case((a, b, p), label=f"p {p}", differs=differs)
    yield Case((a, a.copy()), label="equal", smooth=False)
    yield Case((a, b[0]), label="broadcast")


ROWS: list[Row] = [
    product("torch.matmul", ANY, ((3, 4), (3, 4)), ((), (3,)), ((2, 3, 4), (3, 4, 5))),
    product("torch.mm", MATRICES, ((3, 4), (3, 4)), ((4,), (4, 2)), ((2, 3, 4), (4, 2))),
    product("torch.bmm", BATCHES, ((2, 3, 4), (3, 4, 5)), ((3, 4), (4, 2)), ((2, 3, 4), (2, 3, 5))),
    product("torch.mv", (((3, 4), (4,)), ((1, 1), (1,))), ((3, 4), (3,)), ((4,), (4,))),
    product("torch.dot", VECTORS, ((4,), (3,)), ((2, 2), (2, 2))),
    product("torch.vdot", VECTORS, ((4,), (3,)), ((2, 2), (2, 2))),
    Row("torch.addmm", plus((3, 2), (3, 4), (4, 2), (2,), (1, 2), (3, 1), (4, 2), (3, 3, 2))),
    Row("torch.baddbmm", plus((2, 3, 5), (2, 3, 4), (2, 4, 5), (5,), (3, 5), (1, 1, 5), (2, 2, 5))),
    Row("torch.addbmm", plus((3, 5), (2, 3, 4), (2, 4, 5), (5,), (1, 5), (2, 5))),
    Row("torch.addmv", plus((3,), (3, 4), (4,), (1,), (), (2,))),
    Row("torch.addr", plus((3, 4), (3,), (4,), (4,), (1, 4), (2, 4))),
    Row("torch.outer", outer), Row("torch.ger", outer), Row("torch.inner", inner),
    Row("torch.kron", kron), Row("torch.cross", cross), Row("torch.tensordot", tensordot),
    Row("torch.einsum", einsum), Row("torch.cdist", cdist), Row("torch.dist", dist),
]  # fmt: skip
