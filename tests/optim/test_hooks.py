"""Functions of the user's around a step, and around saving and loading."""

import pytest

import minitorch_cv as mt
from minitorch_cv.optim import SGD


def leaf(value):
    return mt.tensor([value], dtype=mt.float64, requires_grad=True)


def step_on(optimizer, p, gradient):
    p.grad = mt.tensor([gradient], dtype=p.dtype)
    optimizer.step()


def test_hooks_of_a_step():
    p, seen = leaf(1.0), []
    optimizer = SGD([p], lr=0.5)
    handle = optimizer.register_step_pre_hook(lambda *given: seen.append(("before", *given)))
    optimizer.register_step_post_hook(lambda *given: seen.append(("after", given[0], p.item())))
    step_on(optimizer, p, 1.0)
    assert seen == [("before", optimizer, (optimizer,), {}), ("after", optimizer, 0.5)]
    handle.remove()
    step_on(optimizer, p, 1.0)
    assert len(seen) == 3
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 7.0), kwargs))
    assert optimizer.step() == 7.0
    optimizer.register_step_pre_hook(lambda *_: 3)
    with pytest.raises(TypeError, match="answers None or a pair"):
        optimizer.step()


def test_hooks_run_once_around_a_step_of_ones_own():
    class Twice(SGD):
        def step(self, closure=None):
            super().step(closure)
            return super().step()

    p, seen = leaf(1.0), []
    optimizer = Twice([p], lr=0.25)
    optimizer.register_step_post_hook(lambda *_: seen.append(p.item()))
    assert not optimizer.has_stepped
    step_on(optimizer, p, 1.0)
    assert seen == [0.5] and optimizer.has_stepped


def test_hooks_of_the_state():
    optimizer, seen = SGD([leaf(1.0)], lr=0.5), []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, s: {**s, "more": 1})
    optimizer.register_state_dict_post_hook(lambda o, s: s.update(last=2))
    state = optimizer.state_dict()
    assert seen == ["first", "second"] and state["more"] == 1 and state["last"] == 2

    def rename(_, given):
        return {"state": given["state"], "param_groups": given["groups"]}

    optimizer.register_load_state_dict_pre_hook(rename)
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    state["groups"] = [{**state["param_groups"][0], "lr": 3.0}]
    optimizer.load_state_dict(state)
    assert seen[-1] == 3.0
