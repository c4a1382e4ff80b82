"""Attention, and softmax over clusters of classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..row import Case, Fixed, Row, every

INF = float("inf")


def triple(rng: np.random.Generator, batch: tuple[int, ...], L: int, S: int, E: int, V: int) -> Any:  # noqa: N803
    """query, key and value."""
    return (
        rng.normal(size=(*batch, L, E)),
        rng.normal(size=(*batch, S, E)),
        rng.normal(size=(*batch, S, V)),
    )


def masks(rng: np.random.Generator, L: int, S: int) -> Iterator[tuple[Any, str]]:  # noqa: N803
    look = rng.random((L, S)) < 0.6
    look[:, 0] = True
    yield look, "bool mask"
    yield rng.normal(size=(L, S)), "float mask"
    yield Fixed(np.where(look, 0.0, -INF)), "mask of -inf"
    blind = look.copy()
    blind[0] = False
    yield blind, "a query that may look at nothing"
    yield Fixed(np.where(blind, 0.0, -INF)), "nothing but -inf"


def scaled(rng: np.random.Generator) -> Iterator[Case]:
    for batch in ((2, 3), (2,), (), (1, 1), (0, 2)):
        for L, S, E, V in ((4, 6, 5, 7), (3, 3, 4, 4), (1, 5, 2, 2), (5, 1, 3, 1)):
            for given in every(is_causal=(False, True), scale=(None, 0.3)):
                yield Case(triple(rng, batch, L, S, E, V), (), given, f"{batch} {L} {S} {E} {V}")
            for mask, label in masks(rng, L, S):
                yield Case((*triple(rng, batch, L, S, E, V), mask), (), {}, label)
    q, k, v = triple(rng, (2, 3), 4, 6, 5, 7)
    yield Case((q, k, v, rng.random((2, 1, 4, 6)) < 0.7), label="mask of each example")
    yield Case((q, k, v, rng.random((3, 1, 6)) < 0.7), label="mask of each head")
    yield Case((q[:1], k, v), label="queries broadcast over the batch")
    yield Case((q, k[0], v[0]), label="keys broadcast over the batch")
    for scale in (0.0, -1.0):
        yield Case((q, k, v), (), {"scale": scale}, f"scale {scale}")
    yield Case((q * 300, k, v), label="large scores", single=False)
    for empty, label in (((q[:, :, :0], k, v), "no queries"),
                         ((q, k[:, :, :0], v[:, :, :0]), "no keys"),
                         ((q[..., :0], k[..., :0], v), "no features")):  # fmt: skip
        yield Case(empty, label=label)
    yield Case((q, k, v, None, 1.0), label="everything dropped")
    yield from scaled_groups(rng)
    yield from scaled_bad(q, k, v)


def scaled_groups(rng: np.random.Generator) -> Iterator[Case]:
    for heads, keys, values in ((4, 2, 2), (6, 3, 3), (4, 1, 1), (3, 3, 3), (4, 2, 4), (4, 3, 3)):
        for batch in ((2,), ()):
            q = rng.normal(size=(*batch, heads, 3, 5))
            k = rng.normal(size=(*batch, keys, 6, 5))
            v = rng.normal(size=(*batch, values, 6, 5))
            yield Case((q, k, v), (), {"enable_gqa": True}, f"{heads}, {keys}, {values} heads")
    yield Case((q, k, v), label="heads that do not fit")


def scaled_bad(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Iterator[Case]:
    yes = np.ones((4, 6), bool)
    yield Case((q, k, v, yes), (), {"is_causal": True}, "mask and causal")
    yield Case((q, k, v, np.ones((4, 6), int)), label="mask of integers")
    yield Case((q, k, v, yes[:, :5]), label="mask too narrow")
    yield Case((q, k, v, yes[0]), label="mask with one axis")
    yield Case((q[:1], k[:1], v[:1], np.ones((2, 1, 4, 6), bool)), label="mask enlarges the batch")
    yield Case((q, k, v), (), {"dropout_p": 1.5}, "p above 1")
    yield Case((q[0, 0, 0], k[0, 0, 0], v[0, 0, 0]), label="one axis")
    yield Case((q, k.astype("float16"), v), label="two dtypes")
    yield Case((q.astype(int), k.astype(int), v.astype(int)), label="integers")
    yield Case((q, k[..., :4], v), label="features that do not fit")
    yield Case((q, k, v[:, :, :5]), label="keys and values that do not fit")
    yield Case((q, k, v, None, 0.0, False, 0.1), label="scale by position")
    yield Case((q, None, v), label="no keys at all")


def heads(rng: np.random.Generator) -> Iterator[Case]:
    """Inputs go to forward by position: query, key, value, padding, weights?, mask, average?."""
    E, H, L, S, N = 6, 2, 3, 4, 2
    for given in every(bias=(True, False), add_bias_kv=(False, True), add_zero_attn=(False, True),
                       batch_first=(False, True), kdim=(None, 5), vdim=(None, 3)):  # fmt: skip
        first = given["batch_first"]
        k, v = given["kdim"] or E, given["vdim"] or E
        shape = (lambda n: (N, n)) if first else (lambda n: (n, N))
        batch = [rng.normal(size=(*shape(n), f)) for n, f in ((L, E), (S, k), (S, v))]
        single = [rng.normal(size=(n, f)) for n, f in ((L, E), (S, k), (S, v))]
        yield Case(tuple(batch), (E, H), given, "batch")
        yield Case(tuple(single), (E, H), given, "one example")
        padding, mask = rng.random((N, S)) < 0.4, rng.random((L, S)) < 0.4
        padding[:, 0], mask[:, 0] = False, False
        yield Case((*batch, padding, True, mask), (E, H), given, "both masks")
        yield Case((*batch, None, False, mask), (E, H), given, "mask, no weights")
        yield Case((*single, padding[0], True, None, False), (E, H), given, "weights of each head")
    yield from head_masks(rng)
    yield from heads_bad(rng)


def head_masks(rng: np.random.Generator) -> Iterator[Case]:
    E, H, L, S, N = 6, 3, 3, 4, 2
    batch = (rng.normal(size=(L, N, E)), rng.normal(size=(S, N, E)), rng.normal(size=(S, N, E)))
    hidden = ~np.tril(np.ones((L, S), bool))
    each = rng.random((N * H, L, S)) < 0.4
    each[:, :, 0] = False
    for weights, average in ((True, True), (True, False), (False, True)):
        for mask in (None, hidden, each, rng.normal(size=(L, S)), rng.normal(size=each.shape)):
            for padding in (None, np.zeros((N, S), bool), rng.normal(size=(N, S))):
                yield Case((*batch, padding, weights, mask, average), (E, H), {}, "masks")
        yield Case((*batch, None, weights, hidden, average, True), (E, H), {}, "causal")
        padding = Fixed(np.where(np.arange(S) > 2, -INF, np.zeros((N, S))))
        yield Case((*batch, padding, weights, hidden, average, True), (E, H), {}, "causal, padding")
        blind = np.ones((L, S), bool)
        yield Case((*batch, None, weights, blind, average), (E, H), {}, "nothing to look at",
                   smooth=False)  # fmt: skip
    first = np.broadcast_to(np.arange(S) == 0, (L, S)).copy()
    for given in every(add_bias_kv=(False, True), add_zero_attn=(False, True)):
        yield Case((*batch, None, True, first), (E, H), given, "the first key is hidden")
        if any(given.values()):
            yield Case((*batch, first[:N], False, ~first), (E, H), given, "only added keys")
    x = rng.normal(size=(L, N, E))
    yield Case((x, x, x), (E, H), {"dropout": 0.5}, "evaluation", evaluate=True)
    yield Case((x[:, :0], x[:, :0], x[:, :0]), (E, H), {}, "empty batch")


def heads_bad(rng: np.random.Generator) -> Iterator[Case]:
    x = rng.normal(size=(3, 2, 6))
    for args in ((6, 4), (0, 1), (6, 0), (-6, 2)):
        yield Case((x, x, x), args, {}, f"embed_dim, num_heads = {args}")
    good = (6, 2)
    yield Case((x, x, x[:2]), good, {}, "keys and values differ")
    yield Case((x[..., :5], x, x), good, {}, "query too narrow")
    yield Case((x, x[..., :5], x[..., :5]), good, {}, "keys too narrow")
    yield Case((x, x[:, :1], x[:, :1]), good, {}, "batches differ")
    yield Case((x, x[0], x[0]), good, {}, "axes differ")
    yield Case((x[None], x[None], x[None]), good, {}, "four axes")
    yield Case((x[0, 0], x[0, 0], x[0, 0]), good, {}, "one axis")
    for mask in (np.ones((3, 3), int), np.ones((3, 4), bool), np.ones((2, 3, 3), bool),
                 np.ones(3, bool), np.ones((1, 1, 3, 3), bool)):  # fmt: skip
        yield Case((x, x, x, None, True, mask), good, {}, f"attn_mask {mask.dtype} {mask.shape}")
    for mask in (np.ones((2, 3), int), np.zeros((3, 2), bool), np.zeros(3, bool)):
        yield Case((x, x, x, mask), good, {}, f"key_padding_mask {mask.dtype} {mask.shape}")
    yield Case((x, x, x, None, True, None, True, True), good, {}, "causal without a mask")
    yield Case((x, x), good, {}, "no value")


def adaptive(rng: np.random.Generator) -> Iterator[Case]:
    for cutoffs in ([4], [4, 10], (2, 5, 12)):
        for given in every(div_value=(4.0, 2.0), head_bias=(False, True)):
            for N in (1, 5, 20):
                x, target = rng.normal(size=(N, 16)), rng.integers(0, 20, N)
                yield Case((x, target), (16, 20, cutoffs), given, f"{N} examples")
            for target in (0, 7, 19):
                yield Case((rng.normal(size=16), np.array(target)), (16, 20, cutoffs), given, "one")
    x = rng.normal(size=(4, 16))
    good = (16, 20, [4, 10])
    yield Case((x, np.array([0, 1, 2, 3])), good, {}, "frequent classes alone")
    yield Case((x, np.array([19, 11, 10, 12])), good, {}, "one cluster alone")
    for target in (np.array([0, 1, 2, 20]), np.array([-1, 0, 1, 2]), np.array([0, 1]),
                   np.array([[0], [1], [2], [3]]), np.array(1)):  # fmt: skip
        yield Case((x, target), good, {}, f"target {target.tolist()}")
    yield Case((x[0], np.array([0])), good, {}, "1-d input, 1-d target")
    yield Case((x[:, :5], np.array([0, 1, 2, 3])), good, {}, "too few features")
    for cutoffs in ([], [10, 4], [0, 4], [4, 20], [4, 4], [4.5], [25]):
        yield Case((x, np.array([0, 1, 2, 3])), (16, 20, cutoffs), {}, f"cutoffs {cutoffs}")


ROWS = [
    Row("F.scaled_dot_product_attention", scaled),
    Row("nn.MultiheadAttention", heads),
    Row("nn.AdaptiveLogSoftmaxWithLoss", adaptive),
]
