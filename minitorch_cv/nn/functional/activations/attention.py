"""Attention: means of values, weighted by how well their keys fit a query (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ....autograd.functions import where
from ....autograd.joining import cat
from ....autograd.tape import new_tensor
from ....autograd.tensor import Tensor
from ....backend.library import array_module, beside
from ..dropout import dropout
from ..judging import judge, judge_optional
from ..linear import linear
from .softmax import softmax


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(Q Kᵀ · scale + mask) V; a query that may look at nothing gets 0.

    Shapes: (…, L, E), (…, S, E), (…, S, EV) → (…, L, EV). attn_mask: bool (…, L, S), True where a
    query may look; or floats that are added. is_causal: query i looks at keys 0 … i. scale: 1/√E
    by default. enable_gqa: fewer heads (axis −3) of keys and values than of queries; each serves
    several neighbouring ones. dropout_p: also applied in evaluation.
    Raises ValueError for shapes that do not fit, TypeError for dtypes.
    """
    judge("scaled_dot_product_attention", query=query, key=key, value=value)
    judge_optional("scaled_dot_product_attention", attn_mask=attn_mask)
    _judge_attention(query, key, value, attn_mask, is_causal)
    if enable_gqa:
        key, value = (_shared_heads(query, x) for x in (key, value))
    if scale is None:
        scale = 1 / math.sqrt(max(query.shape[-1], 1))
    scores = query * scale @ key.transpose(-2, -1)  # (…, L, S)
    if is_causal:
        attn_mask = _causal(scores)
    if attn_mask is None:
        weights = softmax(scores, -1)
    else:
        weights = _masked_softmax(scores, attn_mask)
    return (dropout(weights, dropout_p) if dropout_p > 0 else weights) @ value


def _judge_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool) -> None:
    name = "scaled_dot_product_attention"
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise ValueError(
            f"{name}: query, key and value have at least two axes (got shapes {q.shape}, "
            f"{k.shape}, {v.shape}); add one with x[None]"
        )
    if q.dtype.kind != "f" or not q.dtype == k.dtype == v.dtype:
        raise TypeError(
            f"{name}: query, key and value are of one float dtype (got {q.dtype}, {k.dtype}, "
            f"{v.dtype}); use e.g. key.to(query.dtype)"
        )
    if mask is None:
        return
    if causal:
        raise ValueError(f"{name}: attn_mask and is_causal exclude each other; give one of them")
    if not (mask.dtype == "bool" or mask.dtype == "float32" or mask.dtype == q.dtype):
        raise TypeError(
            f"{name}: attn_mask is of dtype bool or of query's (got {mask.dtype} and {q.dtype}); "
            "use attn_mask.bool()"
        )
    if mask.ndim < 2:
        raise ValueError(f"{name}: attn_mask is (…, L, S) (got shape {mask.shape})")


def _shared_heads(query: Tensor, x: Tensor) -> Tensor:
    """Each head repeated for the queries that it serves: (…, h, S, E) → (…, H, S, E)."""
    if min(query.ndim, x.ndim) < 3 or x.shape[-3] == 0 or query.shape[-3] % x.shape[-3]:
        raise ValueError(
            "scaled_dot_product_attention: enable_gqa wants heads (axis -3) of keys and values "
            f"that divide those of the query (got shapes {query.shape} and {x.shape})"
        )
    times = query.shape[-3] // x.shape[-3]
    *batch, heads, S, E = x.shape
    spread = x.reshape(*batch, heads, 1, S, E).expand(*batch, heads, times, S, E)
    return spread.reshape(*batch, heads * times, S, E)


def _causal(scores: Tensor) -> Tensor:
    """True where the key is not later than the query: (L, S)."""
    xp = array_module(scores.array)
    L, S = scores.shape[-2:]
    with beside(scores.array):
        return new_tensor(xp.arange(S)[None, :] <= xp.arange(L)[:, None])


def _masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """softmax(scores + mask), and 0 in rows of nothing but −∞, where it would be NaN."""
    if mask.dtype.kind == "b":
        masked = where(mask, scores, -math.inf)
    else:
        masked = scores + mask.to(dtype=scores.dtype)
    if masked.shape != scores.shape:
        raise ValueError(
            "scaled_dot_product_attention: attn_mask is broadcast to (…, L, S) (got shapes "
            f"{mask.shape} and {scores.shape}); give it the sizes of query and key"
        )
    if scores.shape[-1] == 0:
        return softmax(masked, -1)
    empty = masked.detach().amax(-1, keepdim=True) == -math.inf  # (…, L, 1)
    return where(empty, 0.0, softmax(where(empty, 0.0, masked), -1))


def _zeros(model: Tensor, axis: int) -> Tensor:
    """Zeros like `model`, of size 1 along an axis."""
    shape = list(model.shape)
    shape[axis] = 1
    with beside(model.array):
        return new_tensor(array_module(model.array).zeros_like(model.array, shape=tuple(shape)))


class _Masks(NamedTuple):
    """What is added to the scores: attn (1 or N·heads, L, S), padding (N, S); None for nothing."""

    attn: Tensor | None
    padding: Tensor | None

    def widened(self) -> _Masks:
        """With one more key, at which every query may look."""
        return _Masks(*(None if m is None else cat([m, _zeros(m, -1)], -1) for m in self))


def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int,
    in_proj_weight: Tensor | None, in_proj_bias: Tensor | None, bias_k: Tensor | None,
    bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float, out_proj_weight: Tensor,
    out_proj_bias: Tensor | None, training: bool = True, key_padding_mask: Tensor | None = None,
    need_weights: bool = True, attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False, q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None,
    average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """Attention in several heads side by side: the function behind `nn.MultiheadAttention`.

    Shapes: (L, N, E), (S, N, EK), (S, N, EV) → (L, N, E), and the weights (N, L, S), averaged over
    the heads, or (N, heads, L, S); without N for one example. static_k, static_v: (N · heads, S,
    E / heads) in place of the projected keys and values.
    Raises ValueError for shapes that do not fit, TypeError for masks of integers.
    """
    judge("multi_head_attention_forward", query=query, key=key, value=value)
    batched = _judge_heads(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    _judge_widths(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    if is_causal and attn_mask is None:
        raise ValueError(
            "multi_head_attention_forward: is_causal wants attn_mask, too; give the mask"
        )
    hint = is_causal and key_padding_mask is None and not need_weights
    masks = _additive(query, key, num_heads, None if hint else attn_mask, key_padding_mask)
    packed = None if use_separate_proj_weight else in_proj_weight
    weights = (q_proj_weight, k_proj_weight, v_proj_weight)
    q, k, v = _project(query, key, value, packed, weights, in_proj_bias)
    k, v, masks = _with_bias(k, v, masks, bias_k, bias_v)
    heads = (_heads(x, num_heads) for x in (q, k, v))
    q, k, v = (given if given is not None else own
               for given, own in zip((None, static_k, static_v), heads, strict=True))  # fmt: skip
    if add_zero_attn:
        k, v = (cat([x, _zeros(x, 1)], 1) for x in (k, v))
        masks = masks.widened()
    mask = _merged(masks, query.shape[1], num_heads, k.shape[1])
    rate = dropout_p if training else 0.0
    y, shares = _attend(q, k, v, mask, rate, need_weights, hint)
    L, N, E = query.shape
    y = linear(y.transpose(0, 1).reshape(L, N, E), out_proj_weight, out_proj_bias)
    if shares is not None:
        shares = shares.reshape(N, num_heads, L, k.shape[1])
        shares = shares.mean(1) if average_attn_weights else shares
    if batched:
        return y, shares
    return y.squeeze(1), None if shares is None else shares.squeeze(0)


def _judge_heads(
    q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None, attn: Tensor | None, heads: int
) -> bool:
    """True for a batch. Raises ValueError where the axes do not fit together."""
    name = "multi_head_attention_forward"
    judge_optional(name, key_padding_mask=padding, attn_mask=attn)
    if q.ndim not in (2, 3) or not q.ndim == k.ndim == v.ndim:
        raise ValueError(
            f"{name}: query, key and value are (L, N, E), or (L, E) for one example (got shapes "
            f"{q.shape}, {k.shape}, {v.shape})"
        )
    for title, mask in (("key_padding_mask", padding), ("attn_mask", attn)):
        if mask is not None and mask.dtype.kind not in "bf":
            raise TypeError(f"{name}: {title} is bool or float (got {mask.dtype}); use .bool()")
    if padding is not None and padding.ndim != q.ndim - 1:
        raise ValueError(f"{name}: key_padding_mask is (N, S), or (S,) (got {padding.shape})")
    if attn is None:
        return q.ndim == 3
    L, S, N = q.shape[0], k.shape[0], q.shape[1] if q.ndim == 3 else 1
    if attn.shape not in ((L, S), (N * heads, L, S)):
        raise ValueError(
            f"{name}: attn_mask is (L, S) = {(L, S)} or (N · heads, L, S) = {(N * heads, L, S)} "
            f"(got shape {attn.shape})"
        )
    return q.ndim == 3


def _judge_widths(q: Tensor, k: Tensor, v: Tensor, width: int, heads: int, separate: bool) -> None:
    name = "multi_head_attention_forward"
    if q.shape[-1] != width or width % heads:
        raise ValueError(
            f"{name}: query has embed_dim = {width} features, a multiple of {heads} heads (got "
            f"shape {q.shape})"
        )
    if (k.shape[:2] != v.shape[:2]) if separate else (k.shape != v.shape):
        raise ValueError(f"{name}: key and value fit together (got {k.shape} and {v.shape})")


def _additive(
    q: Tensor, k: Tensor, heads: int, attn: Tensor | None, padding: Tensor | None
) -> _Masks:
    """Bool masks (True: not to be looked at) as floats: −∞ and 0."""
    sizes = (q.shape[1], k.shape[0])
    if padding is not None and padding.shape != sizes:
        raise ValueError(
            f"multi_head_attention_forward: key_padding_mask is (N, S) = {sizes} (got shape "
            f"{padding.shape})"
        )

    def floats(mask: Tensor | None) -> Tensor | None:
        if mask is None or mask.dtype.kind == "f":
            return mask
        return where(mask, -math.inf, 0.0).to(dtype=q.dtype)

    attn = floats(attn)
    if attn is not None and attn.ndim == 2:
        attn = attn.unsqueeze(0)
    return _Masks(attn, floats(padding))


def _project(
    q: Tensor, k: Tensor, v: Tensor, packed: Tensor | None, weights: Any, bias: Tensor | None
) -> list[Tensor]:
    """The three inputs times their weights, which lie in one matrix (3 E, E) or in three."""
    if packed is not None:
        weights = packed.chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip((q, k, v), weights, biases, strict=True)]


def _with_bias(
    k: Tensor, v: Tensor, masks: _Masks, bias_k: Tensor | None, bias_v: Tensor | None
) -> tuple[Tensor, Tensor, _Masks]:
    """One more key and value, which are learned."""
    if bias_k is None or bias_v is None:
        return k, v, masks
    N, E = k.shape[1:]
    k, v = cat([k, bias_k.expand(1, N, E)]), cat([v, bias_v.expand(1, N, E)])
    return k, v, masks.widened()


def _heads(x: Tensor, heads: int) -> Tensor:
    """(L, N, E) → (N · heads, L, E / heads)"""
    L, N, E = x.shape
    return x.reshape(L, N * heads, E // heads).transpose(0, 1)


def _merged(masks: _Masks, N: int, heads: int, S: int) -> Tensor | None:  # noqa: N803
    """Both masks as one, which is broadcast to (N · heads, L, S)."""
    if masks.padding is None:
        return masks.attn
    each = masks.padding.reshape(N, 1, 1, S).expand(N, heads, 1, S).reshape(N * heads, 1, S)
    return each if masks.attn is None else masks.attn + each


def _attend(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, rate: float, weights: bool, causal: bool
) -> tuple[Tensor, Tensor | None]:
    """(attention of all heads, its weights). Where a query may look at nothing, they are NaN, and
    without weights 0, as in PyTorch."""
    if not weights:
        return scaled_dot_product_attention(q, k, v, mask, rate, causal), None
    scores = q * math.sqrt(1 / q.shape[-1]) @ k.transpose(-2, -1)  # (N · heads, L, S)
    shares = softmax(scores if mask is None else scores + mask, -1)
    shares = dropout(shares, rate) if rate > 0 else shares
    return shares @ v, shares
