"""What all optimizers share: groups, states, gradients, errors."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv.optim import (
    ASGD,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    Rprop,
)

EVERY = [
    SGD, Adam, AdamW, Adagrad, Adadelta, RMSprop, Adamax, NAdam, RAdam, Rprop, ASGD,
]  # fmt: skip
NO_DECAY = (Rprop,)


def leaf(*values):
    return mt.tensor(np.array(values, np.float64), requires_grad=True)


def step_on(optimizer, *pairs):
    for p, gradient in pairs:
        p.grad = mt.tensor(gradient, dtype=p.dtype)
    optimizer.step()


@pytest.mark.parametrize("kind", [SGD, Adam, Adagrad, ASGD])
@pytest.mark.parametrize(
    ("params", "options", "error", "words"),
    [
        (list, {}, ValueError, "no parameters given"),
        (lambda: iter(()), {}, ValueError, "no parameters given"),
        (lambda: leaf(1.0), {}, TypeError, "params is a list"),
        (lambda: [np.zeros(2)], {}, TypeError, "parameter 0 is no Tensor .got ndarray"),
        (lambda: [("weight", 1.0)], {}, TypeError, "parameter 0 is no Tensor .got float"),
        (lambda: [("w", leaf(1.0)), leaf(2.0)], {}, ValueError, "1 of 2 parameters have names"),
        (lambda: [leaf(1.0), ("w", leaf(2.0))], {}, ValueError, "1 of 2 parameters have names"),
        (
            lambda: [{"params": [("w", leaf(1.0))]}, {"params": leaf(2.0)}],
            {},
            ValueError,
            "some groups have names",
        ),
        (lambda: [leaf(1.0) * 2], {}, ValueError, "only leaves can be optimized"),
        (lambda: [leaf(1.0)] * 2, {}, ValueError, "parameter 1 .* is given twice"),
        (lambda: [{"params": {leaf(1.0)}}], {}, TypeError, "a set has no order"),
        (lambda: [{"weights": [leaf(1.0)]}], {}, TypeError, 'dictionary with "params"'),
        (lambda: [{"params": [leaf(1.0)], "lr": -1}], {}, ValueError, "lr must be at least 0"),
        (lambda: [leaf(1.0)], {"lr": -0.1}, ValueError, "lr must be at least 0"),
        (lambda: [leaf(1.0)], {"lr": float("nan")}, ValueError, r"lr must .* \(got nan\)"),
        (lambda: [leaf(1.0)], {"lr": float("inf")}, ValueError, "lr must .* finite"),
        (lambda: [leaf(1.0)], {"lr": "0.1"}, TypeError, "lr is a number"),
        (lambda: [leaf(1.0)], {"lr": None}, TypeError, "lr is a number"),
        (lambda: [leaf(1.0)], {"weight_decay": -1}, ValueError, "weight_decay must"),
        (lambda: [leaf(1.0)], {"lr": mt.ones(2)}, ValueError, "lr is one number .got a Tensor"),
        (lambda: [leaf(1.0)], {"maximize": "yes"}, TypeError, "maximize is True or False"),
        (lambda: [leaf(1.0)], {"differentiable": True}, ValueError, "differentiable=True is not"),
    ],  # fmt: skip
)
def test_refuses(kind, params, options, error, words):
    with pytest.raises(error, match=f"^{kind.__name__}: .*{words}"):
        kind(params(), **options)


@pytest.mark.parametrize(
    ("kind", "options", "error", "words"),
    [
        (SGD, {"momentum": -0.1}, ValueError, "momentum must"),
        (SGD, {"dampening": float("nan"), "momentum": 0.9}, ValueError, "dampening"),
        (SGD, {"nesterov": True}, ValueError, "nesterov needs momentum"),
        (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, ValueError, "no dampening"),
        (Adam, {"betas": (1.0, 0.9)}, ValueError, r"betas\[0\] must be at least 0 and below 1"),
        (Adam, {"betas": (0.9, -0.1)}, ValueError, r"betas\[1\]"),
        (Adam, {"betas": 0.9}, TypeError, "betas is a pair"),
        (Adam, {"eps": -1e-8}, ValueError, "eps must"),
        (Adam, {"amsgrad": 1.0}, TypeError, "amsgrad"),
        (Adam, {"betas": (0, 0.9)}, ValueError, "betas are two floats .* write 0.0"),
        (Adam, {"capturable": True}, ValueError, "capturable=True is not supported"),
        (AdamW, {"foreach": True, "fused": True}, ValueError, "cannot both be True"),
        (AdamW, {"lr": -1.0}, ValueError, "^AdamW: lr must"),
        (AdamW, {"betas": (1.0, 0.9)}, ValueError, r"^AdamW: betas\[0\]"),
        (Adagrad, {"lr_decay": -1}, ValueError, "^Adagrad: lr_decay must"),
        (Adagrad, {"initial_accumulator_value": -1}, ValueError, "^Adagrad: initial_acc"),
        (Adadelta, {"rho": 1.5}, ValueError, "^Adadelta: rho must be at most 1"),
        (RMSprop, {"alpha": -0.1}, ValueError, "^RMSprop: alpha must"),
        (RMSprop, {"centered": None}, TypeError, "^RMSprop: centered is True or False"),
        (NAdam, {"momentum_decay": -1}, ValueError, "^NAdam: momentum_decay must"),
        (NAdam, {"decoupled_weight_decay": 2}, TypeError, "^NAdam: decoupled_weight_decay is"),
        (RAdam, {"betas": (0.9, 1.0)}, ValueError, r"^RAdam: betas\[1\] must be .* below 1"),
        (Adamax, {"betas": (0.9,)}, TypeError, "^Adamax: betas is a pair"),
        (Rprop, {"etas": (0.5, 0.9)}, ValueError, "^Rprop: needs 0 < etas.0. < 1 < etas.1."),
        (Rprop, {"step_sizes": 3}, TypeError, "^Rprop: step_sizes is a pair"),
        (ASGD, {"t0": float("-inf")}, ValueError, "^ASGD: t0 must be finite"),
    ],
)
def test_refuses_options_of_one_rule(kind, options, error, words):
    with pytest.raises(error, match=words):
        kind([leaf(1.0)], **options)


def test_a_parameter_cannot_be_in_two_groups_and_a_failed_group_is_not_added():
    p = leaf(1.0)
    optimizer = SGD([p], lr=0.1)
    with pytest.raises(ValueError, match="given twice"):
        optimizer.add_param_group({"params": [leaf(2.0), p]})
    with pytest.raises(ValueError, match="lr"):
        optimizer.add_param_group({"params": leaf(2.0), "lr": float("nan")})
    assert len(optimizer.param_groups) == 1


def test_groups_have_options_of_their_own():
    a, b, c = leaf(1.0), leaf(1.0), leaf(1.0)
    optimizer = SGD([{"params": [a]}, {"params": b, "lr": 1.0}], lr=0.1)
    optimizer.add_param_group({"params": (c,), "lr": 10.0})
    step_on(optimizer, (a, [1.0]), (b, [1.0]), (c, [1.0]))
    assert [round(p.item(), 12) for p in (a, b, c)] == [0.9, 0.0, -9.0]


def test_parameters_without_a_gradient_stay_and_get_no_state():
    a, b = leaf(1.0), leaf(2.0)
    optimizer = Adam([a, b], lr=0.1)
    step_on(optimizer, (a, [1.0]))
    assert b.item() == 2.0 and set(optimizer.state_dict()["state"]) == {0}
    assert "state" in SGD([a]).state_dict() and SGD([a]).state_dict()["state"] == {}
    assert set(Adagrad([a, b]).state_dict()["state"]) == {0, 1}  # which begins with its state


def test_sgd_without_momentum_keeps_no_state():
    a = leaf(1.0)
    optimizer = SGD([a], lr=0.1)
    step_on(optimizer, (a, [1.0]))
    assert optimizer.state[a] == {}  # looking makes an entry, as in any defaultdict
    assert optimizer.state_dict()["state"] == {}


@pytest.mark.parametrize("kind", EVERY)
def test_a_step_is_in_place_not_recorded_and_leaves_the_gradient_alone(kind):
    p = leaf(1.0, 2.0)
    memory, version = p.array, p._version.value
    decay = {} if kind in NO_DECAY else {"weight_decay": 0.1}
    optimizer = kind([p], lr=0.1, maximize=True, **decay)
    step_on(optimizer, (p, [1.0, -1.0]))
    assert p.array is memory and p.is_leaf and p.requires_grad
    assert p._version.value == version + 1
    assert p.grad.tolist() == [1.0, -1.0]


def test_a_backward_after_a_step_notices_the_change():
    p = leaf(1.0, 2.0)
    optimizer = SGD([p], lr=0.1)
    loss = (p * p).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", EVERY)
def test_the_dtype_stays(kind, dtype):
    p = mt.ones(3, dtype=dtype, requires_grad=True)
    special = {SGD: {"momentum": 0.9}, Adam: {"amsgrad": True}, RMSprop: {"centered": True}}
    options = special.get(kind, {}) | ({} if kind in NO_DECAY else {"weight_decay": 0.1})
    optimizer = kind([p], lr=np.float64(0.1), **options)
    for _ in range(2):
        step_on(optimizer, (p, [1.0, 2.0, 3.0]))
    assert p.dtype == dtype
    kept = optimizer.state[p]
    numbers = ("step", *kind.scalars)
    assert all(value.dtype == dtype for name, value in kept.items() if name not in numbers)
    assert all(kept[name].dtype == mt.float32 for name in numbers if name in kept)


def test_shapes_of_all_kinds_share_the_working_memory():
    shapes = [(), (1,), (2, 3), (0,), (4, 1, 2)]
    params = [mt.ones(shape, dtype=mt.float64, requires_grad=True) for shape in shapes]
    params.append(mt.ones(3, 2, dtype=mt.float64).t().detach().requires_grad_())
    optimizer = SGD(params, lr=0.5, weight_decay=1.0, momentum=0.5)
    for p in params:
        p.grad = mt.ones_like(p)
    optimizer.step()
    assert all((p.array == 0.0).all() for p in params)


def test_a_larger_parameter_may_come_later():
    a, b = leaf(1.0), leaf(1.0, 2.0, 3.0)
    optimizer = SGD([a], lr=0.5, weight_decay=1.0)
    step_on(optimizer, (a, [1.0]))
    optimizer.add_param_group({"params": b})
    step_on(optimizer, (a, [1.0]), (b, [1.0, 2.0, 3.0]))
    assert b.tolist() == [0.0, 0.0, 0.0]


def test_a_gradient_of_another_shape_is_refused():
    p = leaf(1.0, 2.0)
    p.grad = mt.zeros(3)
    with pytest.raises(ValueError, match=r"gradient of shape \(3,\) .* shape \(2,\)"):
        SGD([p]).step()


def test_zero_grad():
    a, b = leaf(1.0), leaf(2.0)
    optimizer = SGD([a, b])
    a.grad = mt.tensor([3.0], dtype=mt.float64)
    gradient = a.grad
    optimizer.zero_grad(set_to_none=False)
    assert a.grad.tolist() == [0.0] and gradient.tolist() == [0.0] and b.grad is None
    optimizer.zero_grad()
    assert a.grad is None


def test_a_closure_records_even_inside_no_grad_and_its_loss_is_returned():
    p = leaf(3.0)
    optimizer = SGD([p], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with mt.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert p.item() == 0.0


def trained(kind, options, steps, optimizer_state=None, start=(1.0, -2.0, 3.0)):
    """Steps on ½ Σ k p_k²; returns the parameter and the optimizer."""
    p = leaf(*start)
    optimizer = kind([p], **options)
    if optimizer_state is not None:
        optimizer.load_state_dict(optimizer_state)
    for _ in range(steps):
        step_on(optimizer, (p, p.detach().numpy() * [1.0, 2.0, 3.0]))
    return p, optimizer


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (SGD, {"lr": 0.1, "momentum": 0.9}), (Adam, {"lr": 0.1, "amsgrad": True}),
        (AdamW, {"lr": 0.1}), (Adagrad, {"lr": 0.1, "initial_accumulator_value": 0.5}),
        (Adadelta, {"lr": 0.1}), (RMSprop, {"lr": 0.1, "centered": True, "momentum": 0.9}),
        (Adamax, {"lr": 0.1}), (RAdam, {"lr": 0.1}), (Rprop, {"lr": 0.1}),
    ],
)  # fmt: skip
def test_a_loaded_state_goes_on_bit_exactly(kind, options):
    whole, _ = trained(kind, options, 7)
    half, optimizer = trained(kind, options, 3)
    state = optimizer.state_dict()
    rest, other = trained(kind, {"lr": 9.0}, 4, state, half.tolist())
    assert rest.tolist() == whole.tolist()
    assert other.param_groups[0]["lr"] == 0.1
    kept = optimizer.state_dict()["state"][0]
    assert all(state["state"][0][name] is value for name, value in kept.items())  # not copied
    assert all(other.state[rest][name] is not value for name, value in kept.items())  # copied


def test_the_layout_of_the_state():
    p, optimizer = trained(Adam, {"lr": 0.1}, 2)
    state = optimizer.state_dict()
    assert list(state) == ["state", "param_groups"]
    assert list(state["state"][0]) == ["step", "exp_avg", "exp_avg_sq"]
    assert state["state"][0]["step"].item() == 2.0 and state["state"][0]["step"].shape == ()
    group = state["param_groups"][0]
    assert group["params"] == [0] and group["betas"] == (0.9, 0.999) and group["lr"] == 0.1
    q, r = leaf(1.0), leaf(2.0)
    two = SGD([{"params": [q]}, {"params": [r, leaf(3.0)]}]).state_dict()
    assert [group["params"] for group in two["param_groups"]] == [[0], [1, 2]]


def test_a_state_in_another_dtype_is_cast_except_the_step():
    _, optimizer = trained(Adam, {"lr": 0.1}, 2)
    p = mt.ones(3, requires_grad=True)
    other = Adam([p])
    other.load_state_dict(optimizer.state_dict())
    assert other.state[p]["exp_avg"].dtype == mt.float32
    assert other.state[p]["step"].dtype == mt.float32


def test_betas_from_json_are_taken():
    optimizer = Adam([leaf(1.0)])
    state = optimizer.state_dict()
    state["param_groups"][0]["betas"] = [0.5, 0.6]
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["betas"] == (0.5, 0.6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.clear(), "not a state of an optimizer"),
        (lambda s: s["param_groups"].pop(), r"got \[\] parameters, this optimizer has \[1\]"),
        (lambda s: s["param_groups"][0]["params"].append(1), r"got \[2\]"),
        (lambda s: s["state"].update({5: {}}), r"state of no parameter: \[5\]"),
        (
            lambda s: s["state"][0].update(momentum_buffer=mt.zeros(4)),
            r"momentum_buffer of parameter 0 has another shape \(got \(4,\)",
        ),
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(change, words):
    p, optimizer = trained(SGD, {"lr": 0.1, "momentum": 0.9}, 2)
    state = optimizer.state_dict()
    state["param_groups"] = [{**group, "lr": 0.7} for group in state["param_groups"]]
    state["state"] = {0: {"momentum_buffer": mt.zeros(3)}}
    change(state)
    before = optimizer.state[p]["momentum_buffer"].tolist()
    with pytest.raises(ValueError, match=words):
        optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.1
    assert optimizer.state[p]["momentum_buffer"].tolist() == before


def test_an_optimizer_of_ones_own_as_pytorch_users_write_it():
    class Sign(Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @mt.no_grad()
        def step(self):
            for group in self.param_groups:
                for p in group["params"]:
                    p.add_(p.grad.sign(), alpha=-group["lr"])

    p = leaf(1.0, 2.0)
    optimizer = Sign([p], lr=0.5)
    step_on(optimizer, (p, [3.0, -4.0]))
    assert p.tolist() == [0.5, 2.5]
    with pytest.raises(NotImplementedError, match="write update"):
        step_on(Optimizer([p], {}), (p, [1.0, 1.0]))


def test_repr_lists_the_options():
    text = repr(SGD([leaf(1.0)], lr=0.25))
    assert text.startswith("SGD (\nParameter Group 0\n") and "    lr: 0.25\n" in text


def test_a_loaded_rate_may_be_a_rounding_below_zero_as_schedules_leave_it():
    optimizer = Adam([leaf(1.0)])
    state = optimizer.state_dict()
    state["param_groups"][0].update(lr=-1e-17, capturable=True, differentiable=True)
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == -1e-17
    assert optimizer.param_groups[0]["capturable"] is False
    assert optimizer.param_groups[0]["differentiable"] is False


def test_adam_and_adamw_take_each_others_states():
    _, adam = trained(Adam, {"lr": 0.1}, 3)
    for kind, decoupled in ((AdamW, True), (Adam, False)):
        _, optimizer = trained(kind, {}, 0, adam.state_dict())
        assert optimizer.param_groups[0]["decoupled_weight_decay"] is decoupled


def test_names_of_parameters_stand_beside_them_and_are_kept():
    model = mt.nn.Linear(2, 1)
    optimizer = SGD(model.named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["params"] == [model.weight, model.bias]
    state = optimizer.state_dict()
    assert state["param_groups"][0]["param_names"] == ["weight", "bias"]
    other = SGD([("w", model.weight), ("b", model.bias)])
    other.load_state_dict(state)
    assert other.param_groups[0]["param_names"] == ["weight", "bias"]
    del state["param_groups"][0]["param_names"]
    other.load_state_dict(state)
    assert other.param_groups[0]["param_names"] == ["weight", "bias"]


def test_a_rate_that_is_a_tensor():
    rate, p = mt.tensor(0.5), leaf(1.0)
    optimizer = SGD([p], lr=rate)
    step_on(optimizer, (p, [1.0]))
    rate.fill_(0.25)
    step_on(optimizer, (p, [1.0]))
    assert p.item() == 0.25


def test_a_tensor_that_keeps_its_gradient_may_be_optimized():
    x = leaf(1.0) * 2
    x.retain_grad()
    step_on(SGD([x], lr=0.5), (x, [1.0]))
    assert x.item() == 1.5
