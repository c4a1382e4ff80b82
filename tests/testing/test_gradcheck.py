"""gradcheck finds planted bugs, passes right functions, and says clearly what it cannot check."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.ops.op import Op, Sample
from minitorch_cv.testing import GradcheckError, gradcheck, gradcheck_op, gradgradcheck
from minitorch_cv.testing.numeric import Problem, compare, directions


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
    with pytest.raises(GradcheckError, match="the gradient of input 0"):
        gradcheck(WRONG[name], x, seed=seed)
    assert not gradcheck(WRONG[name], x, seed=seed, raise_exception=False)


def test_the_report_names_input_element_and_values():
    def f(a, b):
        return a * 2 + WRONG["one element"](b)

    with pytest.raises(GradcheckError) as caught:
        gradcheck(f, [draw(4, 4), draw(4, 4, seed=1)])
    text = str(caught.value)
    assert text.startswith("gradcheck: the gradient of input 1 (b) is wrong in 1 of 16 places")
    assert "input 1 (b)[3, 3]: analytic" in text and "numeric" in text
    assert text.endswith("look at the backward that computes it")


def test_the_report_names_all_wrong_inputs():
    def f(a, b):
        return WRONG["sign"](a) + WRONG["factor 2"](b)

    with pytest.raises(GradcheckError, match=r"and so is that of input 1 \(b\)"):
        gradcheck(f, [draw(2, 2), draw(2, 2)])


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (mt.tensor([1.0, 2.0]), r"input 0 is float32.*use \.double\(\)"),
        (mt.tensor([1, 2]), "input 0 has no gradient .got dtype int64."),
        (np.ones(3), "input 0 is no Tensor .got ndarray."),
        (mt.tensor([1.0]).half(), "input 0 is float16"),
    ],
    ids=["float32", "integers", "array", "float16"],
)
def test_inputs_that_cannot_be_checked(x, words):
    with pytest.raises(TypeError, match=words):
        gradcheck(lambda x: x, [x])


def test_no_input_is_an_error():
    with pytest.raises(ValueError, match="at least one input"):
        gradcheck(lambda: None, [])


@pytest.mark.parametrize(
    ("fn", "words"),
    [
        (lambda x: 3.0, r"must return Tensors \(got float\)"),
        (lambda x: None, r"must return Tensors \(got NoneType\)"),
        (lambda x: x.argmax(), "no float Tensor"),
        (lambda x: x.float(), "computes in float32"),
        (lambda x: x.zero_(), "changes its input input 0 .x. in place"),
        (lambda x, seen=[]: seen.append(1) or x * len(seen), "not deterministic"),
    ],
    ids=["number", "None", "integers", "float32 inside", "in place", "not deterministic"],
)
def test_functions_that_cannot_be_checked(fn, words):
    with pytest.raises(GradcheckError, match=words):
        gradcheck(fn, draw(2, 3))


def test_a_kink_is_named():
    x = mt.tensor(np.array([0.0, 1.0]))
    with pytest.raises(GradcheckError, match="a kink: slope .* on the left, .* on the right"):
        gradcheck(lambda x: x.relu(), x)


def test_a_kink_close_by_is_no_failure():
    for distance in (1e-4, -3e-5, 2e-6):
        assert gradcheck(lambda x: x.relu(), mt.tensor(np.array([distance, 1.0])))


def test_a_vacuous_check_is_a_warning():
    with pytest.warns(UserWarning, match="vacuous"):
        assert gradcheck(lambda x: (x - 5).relu(), mt.tensor(np.zeros(3)))


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
    with pytest.raises(GradcheckError, match="the gradient of input 0"):
        gradgradcheck(once, draw(2, 2))


def test_one_op_on_bare_arrays():
    op = op_named("mul")
    rng = np.random.default_rng(0)
    sample = Sample((rng.normal(size=(3, 1)), rng.normal(size=4)), {}, "outer")
    gradcheck_op(op, sample)
    half = Op("mul", op.forward, lambda gy, s, n: (op.backward(gy, s, n)[0] / 2, None), op.saved)
    half.links, half.inputs = op.links, op.inputs
    with pytest.raises(GradcheckError, match=r"mul \(outer\): the gradient of ga .* 3 of 3"):
        gradcheck_op(half, sample)


@pytest.mark.parametrize("f", [np.exp, np.sin, lambda x: x**5, lambda x: 1 / (3 + x)])
def test_the_numeric_derivative_is_good_to_1e_9(f):
    """What makes 1e-6 an honest tolerance: complex step against central differences."""
    x = np.random.default_rng(0).normal(size=20)
    exact = f(x + 1e-30j).imag / 1e-30
    c = np.random.default_rng(1).normal(size=20)
    problem = Problem(lambda xs: [f(xs[0])], [x], ["x"], [c], [c * exact])
    for k in range(20):
        found = compare(problem, 0, k)
        assert abs(found.numeric - c[k] * exact[k]) < 1e-9 * max(1, abs(exact[k]))


def test_directions_overlook_nothing():
    for v in directions(np.random.default_rng(0), (50, 20), 3):
        assert (abs(v) >= 0.3).all() and (abs(v) <= 1).all()
