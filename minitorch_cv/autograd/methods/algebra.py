"""Methods of `Tensor` from linear algebra: products of vectors and matrices, and distances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ...ops.linalg.matmul import OP as MATMUL
from ...ops.reduce.norm import OP as NORM
from .. import tape
from ..joining import stack
from ..operands import tensors
from ..tape import apply
from .shaping import axis_of

if TYPE_CHECKING:
    from ..tensor import Tensor


class Algebra:
    """Mixin: mm, bmm, mv, dot, outer, addmm, kron, cross, dist, …"""

    __slots__ = ()
    array: Any
    dtype: Any
    shape: Any
    ndim: Any

    def mm(self, mat2: Tensor) -> Tensor:
        """The product of two matrices"""
        return _product("mm", self, mat2, 2, 2)

    def bmm(self, mat2: Tensor) -> Tensor:
        """The products of the matrices of two batches, (B, n, m) and (B, m, p)"""
        tensors("bmm", mat2)
        if self.ndim == 3 and mat2.ndim == 3 and self.shape[0] != mat2.shape[0]:
            raise ValueError(f"bmm: both have as many matrices (got {self.shape} and {mat2.shape})")
        return _product("bmm", self, mat2, 3, 3)

    def mv(self, vec: Tensor) -> Tensor:
        """A matrix times a vector"""
        return _product("mv", self, vec, 2, 1)

    def dot(self, tensor: Tensor) -> Tensor:
        """Σ x y of two vectors of one length"""
        return _product("dot", self, tensor, 1, 1)

    vdot = dot

    def inner(self, other: Tensor) -> Tensor:
        """Σ over the last axes; with a number the product"""
        if self.ndim == 0 or other.ndim == 0:
            return self * other
        if self.shape[-1] != other.shape[-1]:
            raise ValueError(f"inner: the last axes are equal (got {self.shape} and {other.shape})")
        from ..einsum import tensordot

        return tensordot(cast(Any, self), other, ([-1], [-1]))

    def outer(self, vec2: Tensor) -> Tensor:
        """All products of two vectors' elements, (n,) and (m,) → (n, m)"""
        if self.ndim != 1 or vec2.ndim != 1:
            raise ValueError(f"outer: expects two vectors (got {self.shape} and {vec2.shape})")
        return self.unsqueeze(1) * vec2  # type: ignore[attr-defined]

    ger = outer

    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """beta · self + alpha · mat1 @ mat2"""
        return _plus(self, mat1.mm(mat2), beta, alpha)

    def addmv(self, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """beta · self + alpha · mat @ vec"""
        return _plus(self, mat.mv(vec), beta, alpha)

    def addr(self, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """beta · self + alpha · outer(vec1, vec2)"""
        product = vec1.outer(vec2)
        return product * alpha + self * beta if beta else product * alpha

    def baddbmm(self, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """beta · self + alpha · batch1 @ batch2, matrix by matrix"""
        return _plus(self, batch1.bmm(batch2), beta, alpha)

    def addbmm(self, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """beta · self + alpha · Σ over the batch of batch1 @ batch2"""
        return _plus(self, batch1.bmm(batch2).sum(0), beta, alpha)

    def kron(self, other: Tensor) -> Tensor:
        """The Kronecker product: every element of self times the whole of other"""
        x: Any = self
        ndim = max(x.ndim, other.ndim)
        a = x.reshape((1,) * (ndim - x.ndim) + tuple(x.shape))
        b = other.reshape((1,) * (ndim - other.ndim) + tuple(other.shape))
        split_a = [size for n in a.shape for size in (n, 1)]
        split_b = [size for n in b.shape for size in (1, n)]
        joined = [n * m for n, m in zip(a.shape, b.shape, strict=True)]
        return (a.reshape(split_a) * b.reshape(split_b)).reshape(joined)

    def cross(self, other: Tensor, dim: int | None = None) -> Tensor:
        """The vector product along an axis of size 3 (the first such axis without dim)"""
        x, y = broadcast_pair(self, other)
        if dim is None:
            dim = next((k for k, size in enumerate(x.shape) if size == 3), None)
        if dim is None or x.shape[axis_of("cross", dim, x.ndim)] != 3:
            raise ValueError(f"cross: expects an axis of size 3 (got {x.shape}, dim={dim})")
        (a0, a1, a2), (b0, b1, b2) = x.unbind(dim), y.unbind(dim)
        return stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], dim)

    def dist(self, other: Tensor, p: float = 2) -> Tensor:
        """The p-norm of the difference"""
        return apply(NORM, self - other, p=p)


def _product(op: str, a: Any, b: Any, a_axes: int, b_axes: int) -> Tensor:
    """The matrix product, after a look at ranks, sizes and dtypes."""
    if not isinstance(b, tape.TENSOR):
        raise TypeError(f"{op}: expects two Tensors (got {type(b).__name__}); use tensor()")
    if (a.ndim, b.ndim) != (a_axes, b_axes):
        raise ValueError(
            f"{op}: expects {a_axes} and {b_axes} axes (got {a.shape} and {b.shape}); use matmul"
        )
    if a.dtype != b.dtype:
        raise TypeError(
            f"{op}: both are of one dtype (got {a.dtype} and {b.dtype}); use .to({a.dtype})"
        )
    return apply(MATMUL, a, b)


def _plus(x: Any, product: Any, beta: Any, alpha: Any) -> Tensor:
    """beta x + alpha product, in the product's shape; with beta 0, NaN in x does not matter."""
    if x.dtype != product.dtype:
        raise TypeError(
            f"addmm: all are of one dtype (got {x.dtype} and {product.dtype}); use .to()"
        )
    x = x.expand(product.shape)
    scaled = product if alpha == 1 else product * alpha
    if beta == 0:
        return scaled
    return (x if beta == 1 else x * beta) + scaled


def broadcast_pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Both in their common shape."""
    from ...ops.elementwise.broadcast import broadcast_shapes

    shape = broadcast_shapes("broadcast", a.shape, b.shape)
    return a.expand(shape), b.expand(shape)


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "") -> Tensor:
    """The p-norm distances of all pairs of rows: (…, P, M) and (…, R, M) → (…, P, R).

    The derivative of a distance of 0 is 0. compute_mode is PyTorch's choice of algorithm; here all
    differences are formed, which is exact.
    """
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ValueError(
            f"cdist: expects (…, P, M) and (…, R, M) with one M (got {x1.shape} and {x2.shape})"
        )
    if p < 0:
        raise ValueError(f"cdist: p is at least 0 (got {p})")
    if x1.dtype != x2.dtype or x1.dtype.kind != "f":
        raise TypeError(f"cdist: both are of one float dtype (got {x1.dtype} and {x2.dtype})")
    differences = x1.unsqueeze(-2) - x2.unsqueeze(-3)  # (…, P, R, M)
    if differences.shape[-1] == 0:
        return differences.sum(-1)
    return apply(NORM, differences, p=p, axis=-1)
