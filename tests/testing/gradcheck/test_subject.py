"""gradcheck takes functions of Tensors, Functions, Modules, ops and pairs of array functions."""

from __future__ import annotations

import json

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing import GradcheckError, gradcheck


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# CS231n's way.


def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, _ = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(0)


AFFINE = [draw(2, 3, 4), draw(12, 5, seed=1), draw(5, seed=2)]


def test_a_cs231n_pair():
    result = gradcheck((affine_forward, affine_backward), AFFINE)
    assert result.verdict == "PASS", str(result)
    assert [r.name for r in result.inputs] == ["x", "w", "b"]


def test_names_and_one_gradient_for_one_input():
    def forward(x):
        return np.tanh(x), x

    def backward(dout, x):
        return dout * (1 - np.tanh(x) ** 2)

    result = gradcheck((forward, backward), draw(3, 2), names=["state"])
    assert result
    assert result.inputs[0].name == "state"
    with pytest.raises(ValueError, match="names has 2 entries for 1 inputs"):
        gradcheck((forward, backward), draw(3, 2), names=["a", "b"])


def test_params_go_as_the_last_argument_and_are_copied():
    def forward(x, gamma, bn_param):
        bn_param["seen"] = bn_param.get("seen", 0) + 1
        return x * gamma * bn_param["scale"] * bn_param["seen"], (x, gamma, bn_param["scale"])

    def backward(dout, cache):
        x, gamma, scale = cache
        return dout * gamma * scale, (dout * x).sum(0) * scale

    given = {"scale": 3.0}
    assert gradcheck((forward, backward), [draw(4, 3), draw(3)], params=given)
    assert given == {"scale": 3.0}


def test_a_pair_that_draws_from_numpy_is_reseeded():
    def forward(x, p):
        mask = np.random.rand(*x.shape) < p  # noqa: NPY002
        return x * mask / p, (mask, p)

    def backward(dout, cache):
        return dout * cache[0] / cache[1]

    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert gradcheck((forward, backward), draw(4, 5), params={"p": 0.6})
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_labels_are_passed_on():
    def forward(x, target):
        shifted = x - x.max(1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        return -logp[np.arange(len(x)), target].mean(), (logp, target)

    def backward(dout, cache):
        logp, target = cache
        g = np.exp(logp)
        g[np.arange(len(g)), target] -= 1
        return dout * g / len(g)

    result = gradcheck((forward, backward), [draw(4, 3), np.array([0, 2, 1, 1])])
    assert result.verdict == "PASS"
    assert [r.name for r in result.inputs] == ["x"]


# Others.


def test_the_pair_of_an_op_and_the_op():
    op = op_named("conv2d")
    arrays = [draw(2, 3, 5, 5), draw(4, 3, 3, 3, seed=1), draw(4, seed=2)]
    params = {"stride": 2, "padding": 1}
    assert gradcheck((op.forward, op.backward), arrays, params=params)
    result = gradcheck(op, arrays, params=params)
    assert result
    assert [r.name for r in result.inputs] == ["x", "w", "b"]
    assert gradcheck(op, [x.astype("f4") for x in arrays], params=params).verdict == "UNDECIDED"


def test_a_function_class():
    class Square(mt.Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.save_for_backward(x, factor)
            return factor * x * x

        @staticmethod
        def backward(ctx, gy):
            x, factor = ctx.saved_tensors
            return 2 * gy * x * factor, gy * x * x

    result = gradcheck(Square, [mt.tensor(draw(3)), mt.tensor(draw(3, seed=1))])
    assert result
    assert [r.name for r in result.inputs] == ["x", "factor"]


def test_a_module_with_dropout_and_batch_norm():
    mt.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(36, 5),
    )  # fmt: skip
    before = {k: v.clone() for k, v in model.state_dict().items()}
    result = gradcheck(model, mt.randn(4, 1, 8, 8))
    assert result.verdict == "PASS", str(result)
    assert "6.weight" in [r.name for r in result.inputs]
    assert any("does not depend on 0.bias" in w for w in result.warnings)  # batch norm removes it
    assert all(mt.equal(v, before[k]) for k, v in model.state_dict().items())


# Bad use: one sentence each.


def _none(x, w, b):
    return None


def _in_place(x, w, b):
    x *= 2
    return affine_forward(x, w, b)


def _seen(x, w, b, calls=[]):  # noqa: B006
    calls.append(1)
    return x * len(calls), None


def _float32(x, w, b):
    return affine_forward(x.astype("f4"), w.astype("f4"), b.astype("f4"))


@pytest.mark.parametrize(
    ("forward", "backward", "words"),
    [
        (_none, affine_backward, r"forward returns a pair \(out, cache\) \(got None; does it end"),
        (affine_forward, lambda dout, cache: None, "backward returns None"),
        (affine_forward, lambda dout, cache: (dout, dout), "returns 2 gradients for 3 inputs"),
        (_in_place, affine_backward, "changes its input x in place"),
        (_seen, affine_backward, "not a function of its inputs"),
        (_float32, affine_backward, "computes in float32 although its inputs are float64"),
        (lambda x, w, b: ("text", None), affine_backward, "returns no float array"),
    ],
)
def test_pairs_that_cannot_be_checked(forward, backward, words):
    result = gradcheck((forward, backward), AFFINE)
    assert result.verdict == "UNDECIDED"
    with pytest.raises(GradcheckError, match=words) as caught:
        gradcheck((forward, backward), AFFINE, raise_exception=True)
    assert caught.value.result.verdict == "UNDECIDED"
    assert "\n" not in result.reason


def test_inputs_that_cannot_be_checked():
    pair = (affine_forward, affine_backward)
    with pytest.raises(TypeError, match=r"x holds no floats and has no gradient .got int64."):
        gradcheck(pair, [np.arange(24).reshape(2, 3, 4), *AFFINE[1:]])
    with pytest.raises(TypeError, match="x holds no floats"):
        gradcheck(pair, [np.arange(24)])
    with pytest.raises(TypeError, match=r"a pair is \(forward, backward\)"):
        gradcheck((affine_forward,), AFFINE)
    with pytest.raises(TypeError, match="cannot check a int"):
        gradcheck(3, AFFINE)
    with pytest.raises(ValueError, match="at least one input"):
        gradcheck(pair, [])
    low = gradcheck(pair, [x.astype("f2") for x in AFFINE])
    assert low.verdict == "UNDECIDED"
    assert low.reason.endswith("use .astype(np.float64)")


def test_a_gradient_of_another_shape_fails_with_both_shapes():
    def backward(dout, cache):
        gx, gw, _ = affine_backward(dout, cache)
        return gx, gw, dout

    result = gradcheck((affine_forward, backward), AFFINE)
    assert result.verdict == "FAIL"
    assert result.inputs[2].note == "it has shape (2, 5), expected (5,) like b"
    json.dumps(result.to_dict(), allow_nan=True)
