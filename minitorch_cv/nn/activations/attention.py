"""`MultiheadAttention` (Vaswani et al. 2017)."""

from __future__ import annotations

from typing import Any

from ...autograd.creation import empty
from ...autograd.tensor import Tensor
from .. import functional as F  # noqa: N812
from .. import init
from ..core.module import Module
from ..modules.linear import Linear
from ..parameter import Parameter


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear` under the name that PyTorch gives the last map of an attention layer.

        y = x Wᵀ + b

    Shapes: (…, in_features) → (…, out_features). Source: as `Linear`.
    """


class MultiheadAttention(Module):
    """Means of values, weighted by how well their keys fit a query, in several heads.

        head_h = softmax(Q_h K_hᵀ / √D + mask) V_h,  D = embed_dim / num_heads
        Q_h = x_q W_hᵠ, K_h = x_k W_hᵏ, V_h = x_v W_hᵛ;  y = (head_1, …, head_H) Wᵒ

    Shapes: query (L, N, embed_dim), key (S, N, kdim), value (S, N, vdim) → output (L, N, embed_dim)
    and weights (N, L, S); with batch_first N comes first; without N one example. In bool masks True
    forbids a look: key_padding_mask (N, S), attn_mask (L, S) or (N · num_heads, L, S); float masks
    are added. is_causal is a hint that attn_mask hides later keys. add_bias_kv learns one more key
    and value, add_zero_attn adds a key and value of zeros; average_attn_weights=False gives weights
    (N, num_heads, L, S), need_weights=False None. dropout: of the weights while training.
    Source: A. Vaswani et al., "Attention is all you need", NIPS 2017, section 3.2.2.
    """

    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0 or embed_dim % num_heads:
            raise ValueError(
                "MultiheadAttention: embed_dim is a positive multiple of num_heads (got "
                f"{embed_dim} and {num_heads}); use e.g. 64 and 8"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.add_zero_attn = add_zero_attn
        self._qkv_same_embed_dim = self.kdim == embed_dim == self.vdim
        options = {"device": device, "dtype": dtype}
        self._make_parameters(bias, add_bias_kv, options)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, **options)
        self._reset_parameters()

    def _make_parameters(self, bias: bool, add_bias_kv: bool, options: dict[str, Any]) -> None:
        E = self.embed_dim
        shapes: dict[str, tuple[int, ...] | None] = {
            "in_proj_weight": (3 * E, E),
            "q_proj_weight": (E, E),
            "k_proj_weight": (E, self.kdim),
            "v_proj_weight": (E, self.vdim),
            "in_proj_bias": (3 * E,) if bias else None,
            "bias_k": (1, 1, E) if add_bias_kv else None,
            "bias_v": (1, 1, E) if add_bias_kv else None,
        }
        apart = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        for name in apart if self._qkv_same_embed_dim else ("in_proj_weight",):
            shapes[name] = None
        for name, shape in shapes.items():
            made = None if shape is None else Parameter(empty(shape, **options))
            self.register_parameter(name, made)

    def _reset_parameters(self) -> None:
        """Draws all weights anew; the biases of the projections are 0."""
        for name, parameter in self.named_parameters(recurse=False):
            if name.endswith("_weight"):
                init.xavier_uniform_(parameter)
            elif name in ("bias_k", "bias_v"):
                init.xavier_normal_(parameter)
            else:
                init.zeros_(parameter)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """(output, weights or None)."""
        swap = self.batch_first and isinstance(query, Tensor) and query.ndim == 3
        if swap:
            query, key, value = (x.transpose(0, 1) if x.ndim == 3 else x
                                 for x in (query, key, value))  # fmt: skip
        y, weights = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight,
            self.in_proj_bias, self.bias_k, self.bias_v, self.add_zero_attn, self.dropout,
            self.out_proj.weight, self.out_proj.bias, self.training, key_padding_mask,
            need_weights, attn_mask, not self._qkv_same_embed_dim, self.q_proj_weight,
            self.k_proj_weight, self.v_proj_weight, average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )  # fmt: skip
        return (y.transpose(0, 1) if swap else y), weights
