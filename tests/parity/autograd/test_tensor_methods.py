"""The same expression on both engines: values, dtypes, shapes, gradients, and which ones raise.

`x` (3, 4), `y` (3, 4), `v` (4,), `s` () are float64 and require grad; `p` is `x` made positive;
`n` is int64, `m` is bool, `f` is float32. `L` is the library.
"""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt

torch = pytest.importorskip("torch")

SAME = """
x + y | x - y | x * y | x / (y + 3) | x + v | v - x | s * x | 2 * x | x * 2.5 | 1 - x | 3 / p
p ** 2 | p ** -1.5 | p ** y | 2.0 ** x | x ** 3 | x ** 0 | -x | +x | abs(x) | x @ y.T | x @ v
v @ v | v @ y.T | x.add(y, alpha=2) | x.sub(y, alpha=0.5) | x.mul(v) | x.div(p) | x.pow(2)
x.matmul(y.t()) | x // 0.3 | x % 0.7 | x // y | x % y | 2 // y | 2.5 % y | n // -2 | n % -3
n // 2 | n % 3 | n / 2 | n * 0.5 | n + 1 | n + m[:, 0] | m + m | f + x | f * n | f + 1
m & (n > 1) | m.__or__(n > 1) | m ^ (n > 1) | ~m | x > y | x >= 0 | x < y | x <= v | n == 2
n != 2 | x.eq(x) | x.exp() | x.expm1() | p.log() | p.log2() | p.log10() | p.log1p() | p.sqrt()
p.rsqrt() | x.square() | p.reciprocal() | x.sin() | x.cos() | x.tan() | x.tanh() | x.sigmoid()
x.relu() | x.sign() | x.floor() | x.ceil() | x.round() | x.trunc() | x.abs() | x.neg()
x.clamp(-0.5, 0.5) | x.clamp(min=0) | x.clip(max=0.1) | n.exp() | n.sqrt() | m.sum() | n.sum()
n.float().mean() | n.clamp(0.5, 1.5) | n.clamp(1) | f.double() | x.float() | x.half() | x.long()
x.sum() | x.sum(0)
x.sum(-1, keepdim=True) | x.sum((0, 1)) | x.sum(dim=1) | x.mean() | x.mean(0)
x.mean((0, 1), keepdim=True) | x.var() | x.var(0) | x.var(1, unbiased=False) | x.std() | x.std(1)
x.var(0, correction=0) | x.prod() | x.prod(1) | x.prod(0, keepdim=True) | x.amax() | x.amax(1)
x.amin(0) | x.max() | x.min() | x.max(1)[0] | x.max(1)[1] | x.min(0, keepdim=True)[0]
x.max(0).values | x.max(y) | x.min(y) | x.maximum(y) | x.minimum(v) | x.argmax() | x.argmax(1)
x.argmin(0) | x.argmax(0, keepdim=True) | m.any() | m.all() | m.any(0) | m.all(1) | x.norm()
x.norm(dim=1) | x.norm(1) | x.norm(p=3, dim=0) | x.reshape(4, 3) | x.reshape(-1) | x.view(2, 6)
x.view(-1, 2) | x.T | x.t() | x.mT | x.permute(1, 0) | x.transpose(0, 1) | x.flatten()
x.unflatten(1, (2, 2)) | x.unsqueeze(0) | x.unsqueeze(-1).squeeze(-1) | x.squeeze()
x[None].squeeze(0) | x[None].squeeze() | v.expand(3, 4) | v.expand(2, -1) | x.expand_as(x)
v.repeat(3, 2) | x.repeat(2, 1) | x.ravel() | x.flip(0) | x.flip(0, 1) | x.flip((1,))
x.movedim(0, 1) | x.view_as(y) | x.reshape_as(y) | x.contiguous() | x.T.contiguous() | x.clone()
x.T.reshape(2, 6) | x[0] | x[-1] | x[1:] | x[:, 1:3] | x[..., 0] | x[None] | x[:, None] | x[::2]
x[1, 2] | x[n] | x[n, n] | x[m] | x[m[:, 0]] | x[[0, 2]] | x[:, [0, 0, 1]]
x[n[:, None], n[None]] | x[m.any(1)] | x[:0] | x[n > 1] | x.select(1, 2) | x.narrow(1, 1, 2)
x.split(2)[1] | x.split([1, 2])[1] | x.chunk(2, 1)[0] | x.unbind(1)[3] | x.chunk(3)[2]
x.split(3, 1)[1] | L.cat([x, y]) | L.cat([x, y], 1) | L.cat((x, v[None]), dim=-2)
L.stack([x, y]) | L.stack([v, v], -1) | L.where(x > 0, x, y) | L.where(x > 0, x, v)
L.where(m, x, 0.0) | L.exp(x) | L.sum(x, 0) | L.max(x, 1)[0] | L.flatten(x, 0) | L.maximum(x, y)
L.relu(x) | L.sigmoid(x) | L.zeros_like(x) + x | L.ones(3, 4) * x | L.full((3, 1), 2.0) * x
L.arange(4) * x | L.eye(3).double() @ x | L.linspace(0, 1, 5)[:4] * x
L.tensor([1.0, 2, 3, 4]) * x | L.arange(1, 2, 0.25) * x | L.cat([n, n]) | L.tensor([1, 2])
L.tensor(2.5) | L.tensor([True]) | L.arange(5) | L.zeros(2, 3) | L.ones((2,)) | L.tensor([])
L.full((2,), 3) | L.full((2,), True) | L.arange(0, 1, 0.3) | L.eye(2, 3) | L.tensor([[1, 2.5]])
x.isnan() | x.isinf() | x.isfinite() | m.logical_not() | x.type_as(f) | f.to(x) | x.to(L.float32)
(x * 2).detach() | x.data * 2 | x.mean(0).sum() * x | (x - x.mean(0)) / x.std(0) | x.sum(())
x.mean(()) | v.max(0)[0] | s.max() | s.sum() | s.reshape(1, 1) | s * s | s ** 2 | s.exp()
s.view(1) | s[None] | s.flatten()
"""

ERRORS = """
x + L.ones(5) | x @ y | x @ s | v @ L.ones(3) | x.sum(2) | x.sum((0, 0)) | x.mean(-3) | n.mean()
x.max(2) | x.reshape(5, 2) | x.reshape(-1, -1) | x.reshape(-1, 5) | x.T.view(12) | x.permute(0)
x.permute(0, 0) | x.transpose(0, 2) | x.flatten(1, 0) | x.unsqueeze(3) | x.squeeze(2)
v.expand(3, 5) | v.expand(4, 3) | x.repeat(2) | x[3] | x[0, 4] | x[0, 0, 0] | x[L.tensor([5])]
x[L.tensor([True, False])] | x.split(0) | x.split([1, 1]) | x.chunk(0) | x.narrow(0, 2, 2)
L.cat([]) | L.cat([x, v]) | L.cat([x, y], 2) | L.cat([s, s]) | L.stack([x, v]) | x.backward()
n.requires_grad_() | x.item() | bool(x) | x.numpy() | float(x) | x.t()[4] | x.detach().backward()
len(s) | iter(s) | x.view(5, 2) | L.where(x, x, y) | x.amax(2) | x.prod(3) | x.argmax(2)
L.zeros(2, 0).max() | L.zeros(2, 0).argmax() | L.zeros(2, 0).max(1) | x.clamp() | n.__iadd__(0.5)
x.__iadd__(1) | L.tensor([[1, 2], [3]]) | L.tensor('a') | x.unflatten(1, (3, 2))
x[None][0].t().t().view(7) | x + 'a' | x * None | x.add_(1) | n.mul_(0.5)
(x * 1).add_(L.ones(2, 3, 4)) | L.ones(2)[0].backward() | (x * 2).retain_grad(1) | x.register_hook
L.ones(1).retain_grad() | L.autograd.grad(x.sum(), n) | L.autograd.grad(n.sum(), x)
"""


def expressions(block: str) -> list[str]:
    parts = " | ".join(block.split("\n")).split(" | ")
    return [part.strip() for part in parts if part.strip()]


def inputs(library) -> dict:
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    values = {"x": x, "y": y, "v": rng.normal(size=4), "s": np.array(0.7)}
    made = {name: library.tensor(value, requires_grad=True) for name, value in values.items()}
    made["p"] = library.tensor(abs(x) + 0.3, requires_grad=True)
    made["n"] = library.tensor(np.array([0, 2, 1]))
    made["m"] = library.tensor(x > 0)
    made["f"] = library.tensor(values["v"].astype(np.float32)[:3])
    return {**made, "L": library}


def run(library, expression: str):
    names = inputs(library)
    if expression == "f + x":
        names["f"] = names["f"][:1]
    if expression in ("m & (n > 1)", "m ^ (n > 1)", "m.__or__(n > 1)"):
        names["m"] = names["m"][:, 0]
    return eval(expression, {}, names), names  # noqa: S307


@pytest.mark.parametrize("expression", expressions(SAME))
def test_same(expression: str) -> None:
    ours, our_names = run(mt, expression)
    theirs, their_names = run(torch, expression)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    assert ours.requires_grad == theirs.requires_grad
    tolerance = {"float32": 1e-6, "float16": 1e-3}.get(str(ours.dtype), 1e-12)
    np.testing.assert_allclose(
        ours.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance
    )
    if not theirs.requires_grad:
        return
    upstream = np.random.default_rng(1).normal(size=tuple(theirs.shape))
    try:
        theirs.backward(torch.tensor(upstream).to(theirs.dtype))
    except RuntimeError as error:  # where the oracle has no derivative, there is none to compare
        assert "not implemented" in str(error)
        return
    ours.backward(mt.tensor(upstream).to(dtype=ours.dtype))
    for name in "xyvsp":
        mine, other = our_names[name].grad, their_names[name].grad
        assert (mine is None) == (other is None), name
        if other is not None:
            np.testing.assert_allclose(
                mine.numpy(), other.numpy(), rtol=tolerance, atol=tolerance, err_msg=name
            )


@pytest.mark.parametrize("expression", expressions(ERRORS))
def test_raises_where_the_oracle_raises(expression: str) -> None:
    try:
        run(torch, expression)
    except Exception as error:
        oracle = error
    else:
        oracle = None
    if oracle is None:
        run(mt, expression)
        return
    with pytest.raises((ValueError, TypeError, IndexError, RuntimeError)):
        run(mt, expression)
