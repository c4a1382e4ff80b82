"""Clipping of gradients, their norms, and parameters as one vector, beside PyTorch's."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from grid import optim_cases as cases  # noqa: E402
from grid.schedule_cases import flat, labels  # noqa: E402

import minitorch_cv as mt  # noqa: E402

torch = pytest.importorskip("torch")
ALL, NAMES = flat(cases.CLIPPING), labels(cases.CLIPPING)


def arrays(values, dtype):
    """Gradients with something special about them; None where there is none."""
    rng = np.random.default_rng(0)
    gs = [rng.normal(size=shape).astype(dtype) for shape in cases.SHAPES]
    if values in ("inf", "nan"):
        gs[2][1] = float(values)
    elif values == "zero":
        gs = [np.zeros_like(g) for g in gs]
    elif values == "huge":
        gs = [g * dtype(1e3 if dtype == np.float16 else 1e10) for g in gs]
    elif values == "empty":
        gs.append(np.zeros((0, 3), dtype))
    elif values in ("some None", "none"):
        gs = [None if values == "none" or k % 2 else g for k, g in enumerate(gs)]
    return gs


def called(engine, name, options, dtype):
    """The answer and the gradients after the call; the error where it raises."""
    options = dict(options)
    gs = arrays(options.pop("values", "normal"), dtype)
    params = []
    for g in gs:
        params.append(engine.zeros(() if g is None else g.shape, requires_grad=True))
        if g is not None:
            params[-1] = params[-1].detach().to(getattr(engine, np.dtype(dtype).name))
            params[-1].requires_grad_().grad = engine.tensor(g)
    what = [p.grad for p in params if p.grad is not None] if name == "get_total_norm" else params
    try:
        answer = getattr(engine.nn.utils, name)(what, **options)
    except (RuntimeError, ValueError) as error:
        return error, []
    return answer, [p.grad for p in params]


@pytest.mark.parametrize(("name", "options"), ALL, ids=NAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_like_pytorch(name, options, dtype):
    near = {np.float64: 1e-12, np.float32: 1e-5, np.float16: 4e-3}[dtype]
    with np.errstate(all="ignore"):
        answer, mine = called(mt, name, options, dtype)
    if dtype == np.float16 and options.get("values") == "zero" and options.get("max_norm") == 0.0:
        assert all((g.numpy() == 0).all() for g in mine)  # PyTorch: 0 · (1 / 1e−6 = inf) = NaN
        return
    expected, other = called(torch, name, options, dtype)
    assert isinstance(answer, Exception) == isinstance(expected, Exception)
    if isinstance(expected, torch.Tensor):
        assert str(expected.dtype) == f"torch.{answer.dtype}" and answer.shape == ()
        np.testing.assert_allclose(answer.numpy(), expected.numpy(), near)
    for a, b in zip(mine, other, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert str(b.dtype) == f"torch.{a.dtype}"
            np.testing.assert_allclose(a.numpy(), b.numpy(), near, near)


def test_one_tensor_a_generator_and_mixed_dtypes():
    for engine in (mt, torch):
        clip = engine.nn.utils
        p = engine.zeros(2, requires_grad=True)
        p.grad = engine.tensor([3.0, 4.0])
        assert float(clip.clip_grad_norm_(p, 1.0)) == 5.0
        assert p.grad.tolist() == pytest.approx([0.6, 0.8], rel=1e-5)
        clip.clip_grad_value_(p, 0.7)
        assert p.grad.tolist() == pytest.approx([0.6, 0.7], rel=1e-5)
        q = engine.zeros(1, dtype=engine.float64, requires_grad=True)
        q.grad = engine.tensor([2.0], dtype=engine.float64)
        norm = clip.clip_grad_norm_((x for x in (p, q)), 1.0)
        assert str(norm.dtype).endswith("float64")
        assert float(norm) == pytest.approx(np.sqrt(0.85 + 4), rel=1e-6)
        assert str(p.grad.dtype).endswith("float32")
        assert float(clip.get_total_norm([])) == 0.0
        assert float(clip.clip_grad_norm_([], 1.0)) == 0.0
        with pytest.warns(UserWarning, match="empty"):
            clip.clip_grad_norm_((x for x in ()), 1.0)
        total = clip.get_total_norm([p.grad, q.grad])
        clip.clip_grads_with_norm_([p, q], 0.1, total)
        assert float(clip.get_total_norm([p.grad, q.grad])) == pytest.approx(0.1, rel=1e-4)


def test_vectors():
    results = []
    for engine in (mt, torch):
        params = [engine.arange(6.0).reshape(2, 3), engine.tensor(7.0)]
        params += [engine.ones(0), engine.ones(2)]
        params = [p.detach().requires_grad_() for p in params]
        vector = engine.nn.utils.parameters_to_vector(params)
        (vector * vector).sum().backward()
        results.append([vector.tolist(), [p.grad.tolist() for p in params]])
        new = engine.arange(12.0)
        engine.nn.utils.vector_to_parameters(new, params)
        results[-1].append([p.tolist() for p in params])
        new.mul_(2)
        results[-1].append([p.tolist() for p in params])
        assert all(p.requires_grad and p.is_leaf for p in params)
        with pytest.raises((RuntimeError, ValueError)):
            engine.nn.utils.vector_to_parameters(engine.ones(3), params)
        with pytest.raises(TypeError):
            engine.nn.utils.vector_to_parameters([1.0] * 12, params)
        with pytest.raises((RuntimeError, ValueError)):
            engine.nn.utils.parameters_to_vector([])
    assert results[0] == results[1]
