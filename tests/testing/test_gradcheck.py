"""gradcheck finds planted bugs, passes right functions, and says clearly what it cannot check."""

from __future__ import annotations

import re

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.op import Op, Sample
from minitorch_cv.testing import GradcheckError, gradcheck, gradcheck_op, gradgradcheck


def draw(*shape, seed=0):
    return mt.tensor(np.random.default_rng(seed).normal(size=shape))


def softmax(x):
    e = (x - x.amax(-1, keepdim=True).detach()).exp()
    return e / e.sum(-1, keepdim=True)


def function(forward, backward):
    """A Function of one input with the backward given."""

    class Planted(mt.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx, gy):
            return backward(gy, *ctx.saved_tensors)

    return Planted.apply


RIGHT = {
    "polynomial": lambda x: x**3 - 2 * x,
    "softmax": softmax,
    "product of two uses": lambda x: x * x.sum(0),
    "matmul": lambda x: x @ x.t(),
    "broadcast": lambda x: x[:, :1] * x + x.mean(),
    "two outputs": lambda x: (x.exp(), x.sin()),
    "indices are left out": lambda x: x.max(1),
    "relu": lambda x: x.relu(),
    "many kinks nearby": lambda x: (x * 50 - 3).relu(),
    "random numbers": lambda x: x * mt.rand(3, 4, dtype=mt.float64),
    "large values": lambda x: (1e6 * x).square(),
    "tiny values": lambda x: (1e-4 * x).tanh(),
    "reshaped view": lambda x: x.t().reshape(-1)[::2] ** 2,
    "inner in-place change": lambda x: x.clone().mul_(x),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", range(3))
def test_right_functions_pass(name, seed):
    assert gradcheck(RIGHT[name], draw(3, 4, seed=seed), seed=seed)


WRONG = {
    "sign": function(lambda x: x.exp(), lambda gy, x: -gy * x.exp()),
    "factor 2": function(lambda x: x.square(), lambda gy, x: gy * x),
    "softmax zeroed": function(softmax, lambda gy, x: 0 * gy),
    "softmax elementwise": function(softmax, lambda gy, x: gy * softmax(x) * (1 - softmax(x))),
    "ignores gy": function(lambda x: x.sin(), lambda gy, x: x.cos()),
    "transposed": function(lambda x: x @ x, lambda gy, x: gy @ x + x @ gy),
    "off by 1e-5": function(lambda x: x.sin(), lambda gy, x: gy * x.cos() * (1 + 1e-5)),
    "one element": function(lambda x: x.sin(), lambda gy, x: gy * x.cos() + _corner(x)),
    "detached": lambda x: x * x.detach(),
    "relu passes all": function(lambda x: x.relu(), lambda gy, x: gy),
}


def _corner(x):
    bump = np.zeros(x.shape)
    bump[-1, -1] = 1e-3
    return mt.tensor(bump)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("seed", range(3))
def test_planted_bugs_are_found(name, seed):
    x = draw(4, 4, seed=seed)
    result = gradcheck(WRONG[name], x, seed=seed)
    assert result.verdict == "FAIL"
    assert not result
    assert result.first is not None
    with pytest.raises(GradcheckError, match="the gradient of .* is wrong") as caught:
        gradcheck(WRONG[name], x, seed=seed, raise_exception=True)
    assert caught.value.result.verdict == "FAIL"


def test_the_report_names_input_element_and_values():
    def f(a, b):
        return a * 2 + WRONG["one element"](b)

    result = gradcheck(f, [draw(4, 4), draw(4, 4, seed=1)])
    text = str(result)
    assert text.startswith("FAIL  gradcheck\n  the gradient of b (4, 4) is wrong")
    assert "first  gb[3, 3]: analytic" in text and "numeric" in text
    assert "1 of 16 measured elements: one element alone" in text
    assert max(map(len, text.splitlines())) <= 80
    assert result.first.where == (3, 3)
    assert result.first.analytic - result.first.numeric == pytest.approx(1e-3)
    assert [r.verdict for r in result.inputs] == ["PASS", "FAIL"]


def test_the_report_names_all_wrong_inputs():
    def f(a, b):
        return WRONG["sign"](a) + WRONG["factor 2"](b)

    with pytest.raises(GradcheckError, match=r"and so is that of b"):
        gradcheck(f, [draw(2, 2), draw(2, 2)], raise_exception=True)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (mt.tensor([1, 2]), "input 0 .x. has no gradient .got dtype int64."),
        (np.ones(3), "input 0 .x. is no Tensor .got ndarray."),
    ],
    ids=["integers", "array"],
)
def test_inputs_that_cannot_be_checked(x, words):
    with pytest.raises(TypeError, match=words):
        gradcheck(lambda x: x, [x])


@pytest.mark.parametrize("half", [False, True])
def test_low_precision_is_undecided_with_the_remedy(half):
    x = draw(3).half() if half else draw(3).float()
    result = gradcheck(lambda x: x.exp(), x)
    assert result.verdict == "UNDECIDED"
    assert f"input 0 (x) is {x.dtype}" in result.reason
    assert result.reason.endswith("use .double()")
    assert gradgradcheck(lambda x: x.exp(), x).verdict == "UNDECIDED"


def test_no_input_is_an_error():
    with pytest.raises(ValueError, match="at least one input"):
        gradcheck(lambda: None, [])


@pytest.mark.parametrize(
    ("fn", "words"),
    [
        (lambda x: 3.0, r"must return Tensors \(got float\)"),
        (lambda x: None, r"must return Tensors \(got NoneType\); does it end in `return`"),
        (lambda x: x.argmax(), "no float Tensor"),
        (lambda x: x.float(), "computes in float32"),
        (lambda x: x.zero_(), "changes its input x in place"),
        (lambda x, seen=[]: seen.append(1) or x * len(seen), "not a function of its inputs"),
        (lambda x: (x - 100).log(), "NaN or infinity"),
    ],
    ids=["number", "None", "integers", "float32 inside", "in place", "not deterministic", "NaN"],
)
def test_functions_that_cannot_be_checked(fn, words):
    result = gradcheck(fn, draw(2, 3))
    assert result.verdict == "UNDECIDED"
    assert re.search(words, result.reason)
    assert "\n" not in result.reason
    with pytest.raises(GradcheckError, match=words):
        gradcheck(fn, draw(2, 3), raise_exception=True)


def test_a_kink_is_named_and_moved_off():
    result = gradcheck(lambda x: x.relu(), mt.tensor(np.array([0.0, 1.0])))
    assert result.verdict == "PASS"
    (kink,) = result.kinks
    assert kink.where == (0,)
    assert "a kink: slope" in str(kink)
    assert "a kink, moved off: gx[0]" in str(result)


def test_a_kink_close_by_is_no_failure():
    for distance in (1e-4, -3e-5, 2e-6, 1e-8):
        assert gradcheck(lambda x: x.relu(), mt.tensor(np.array([distance, 1.0])))


def test_a_vacuous_check_is_no_pass():
    result = gradcheck(lambda x: (x - 5).relu(), mt.tensor(np.zeros(3)))
    assert result.verdict == "UNDECIDED"
    assert "vacuous" in result.reason


def test_an_input_that_does_not_matter_is_a_warning():
    result = gradcheck(lambda a, b: a * 2 + 0 * b, [draw(2), draw(2)])
    assert result.verdict == "PASS"
    assert result.warnings == ["the output does not depend on b: nothing was checked there"]


def test_only_inputs_that_require_grad_are_checked():
    a, b = draw(2, 2), draw(2, 2)
    a.requires_grad_()
    assert gradcheck(lambda a, b: a * WRONG["sign"](b), [a, b])


def test_inputs_and_random_state_are_left_alone():
    x = draw(3, 4).requires_grad_()
    before = x.detach().clone()
    mt.manual_seed(7)
    state = mt.get_rng_state()
    gradcheck(RIGHT["random numbers"], x)
    assert mt.equal(x.detach(), before) and x.grad is None
    assert mt.get_rng_state() == state


def test_views_of_one_tensor_are_independent_inputs():
    x = draw(4)
    assert gradcheck(lambda a, b: a * b, [x[:2], x[1:3]])


@pytest.mark.parametrize("fn", [lambda x: x**3, softmax, lambda x: (x.exp() * x).sum(0)])
def test_second_derivatives(fn):
    assert gradgradcheck(fn, draw(2, 3))


def test_a_wrong_second_derivative_is_found():
    def forward(x):
        return x**3

    once = function(forward, lambda gy, x: gy * 3 * x.detach() ** 2)
    assert gradcheck(once, draw(2, 2))
    with pytest.raises(GradcheckError, match="the gradient of x is wrong"):
        gradgradcheck(once, draw(2, 2), raise_exception=True)


def test_one_op_on_bare_arrays():
    op = op_named("mul")
    rng = np.random.default_rng(0)
    sample = Sample((rng.normal(size=(3, 1)), rng.normal(size=4)), {}, "outer")
    assert gradcheck_op(op, sample)
    half = Op("mul", op.forward, lambda gy, s, n: (op.backward(gy, s, n)[0] / 2, None), op.saved)
    half.links, half.inputs = op.links, op.inputs
    with pytest.raises(GradcheckError, match=r"mul \(outer\): the gradient of a .* 3 of 3"):
        gradcheck_op(half, sample, raise_exception=True)
