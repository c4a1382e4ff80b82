"""GradScaler: scaling, skipped steps, growth and backoff, and what is refused."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import optim
from minitorch_cv.testing import fake_device


def parameter(*values):
    return mt.tensor(list(values), requires_grad=True)


def train(scaler, optimizer, p, gradient):
    """One step whose gradient is given; answers the value afterwards."""
    optimizer.zero_grad()
    scaler.scale((p * mt.tensor(gradient).to(p.device)).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    return p.detach().cpu().numpy().tolist()


@pytest.mark.parametrize("place", ["cpu", "fake"])
def test_steps_are_taken_skipped_and_counted(place):
    with fake_device() as fake:
        p = mt.tensor([1.0, 2.0]).to(place).requires_grad_()
        scaler = mt.amp.GradScaler(place, init_scale=8.0, growth_interval=2)
        optimizer = optim.SGD([p], lr=1.0)
        assert scaler.get_scale() == 8.0
        assert train(scaler, optimizer, p, [0.5, 0.0]) == [0.5, 2.0]
        assert (scaler.get_scale(), scaler._get_growth_tracker()) == (8.0, 1)
        assert train(scaler, optimizer, p, [0.5, 0.5]) == [0.0, 1.5]
        assert (scaler.get_scale(), scaler._get_growth_tracker()) == (16.0, 0)
        for bad in (np.inf, -np.inf, np.nan):
            before = scaler.get_scale()
            assert train(scaler, optimizer, p, [0.5, bad]) == [0.0, 1.5]
            assert (scaler.get_scale(), scaler._get_growth_tracker()) == (before / 2, 0)
        waits = fake.total()
        optimizer.zero_grad()
        scaler.scale((p * p).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert fake.total() == waits + (place == "fake")  # whether to step


def test_the_scale_stays_finite():
    p = parameter(1.0)
    scaler = mt.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=1)
    train(scaler, optim.SGD([p], lr=0.0), p, [0.0])
    assert scaler.get_scale() == 2.0**127


def test_lists_are_scaled_and_halves_come_back_as_in_torch():
    scaler = mt.amp.GradScaler("cpu", init_scale=4.0)
    a, b = scaler.scale([mt.ones(2), mt.ones(1)])
    assert a.numpy().tolist() == [4.0, 4.0] and b.numpy().tolist() == [4.0]
    assert scaler.scale(mt.ones(2).half()).dtype == np.float16
    assert scaler.scale(mt.tensor(1.0).half()).dtype == np.float32
    with pytest.raises(ValueError, match="GradScaler.scale: expects a Tensor"):
        scaler.scale(3.0)


def test_gradients_can_be_clipped_between():
    p = parameter(1.0, 1.0)
    scaler, optimizer = mt.amp.GradScaler("cpu"), optim.SGD([p], lr=1.0)
    scaler.scale((p * mt.tensor([3.0, 4.0])).sum()).backward()
    scaler.unscale_(optimizer)
    assert p.grad.numpy().tolist() == [3.0, 4.0]
    with pytest.raises(RuntimeError, match=r"unscale_\(\) has already been called"):
        scaler.unscale_(optimizer)
    mt.nn.utils.clip_grad_norm_([p], 1.0)
    scaler.step(optimizer)
    np.testing.assert_allclose(p.detach().numpy(), [0.4, 0.2], rtol=1e-5)
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) is being called after step"):
        scaler.unscale_(optimizer)
    scaler.update()
    scaler.unscale_(optimizer)


def test_two_optimizers_share_a_scale():
    """An inf in one skips that one; the scale shrinks once."""
    p, q = parameter(1.0), parameter(1.0)
    scaler = mt.amp.GradScaler("cpu", init_scale=16.0)
    first, second = optim.SGD([p], lr=1.0), optim.SGD([q], lr=1.0)
    scaler.scale(p.sum() + (q * mt.tensor([np.inf])).sum()).backward()
    scaler.step(first)
    scaler.step(second)
    scaler.update()
    assert p.item() == 0.0 and q.item() == 1.0 and scaler.get_scale() == 8.0


def test_a_scale_of_ones_own():
    scaler = mt.amp.GradScaler("cpu")
    scaler.scale(mt.ones(1))
    scaler.update(3.0)
    assert scaler.get_scale() == 3.0
    scaler.update(mt.tensor(5.0))
    assert scaler.get_scale() == 5.0 and scaler._scale.dtype == np.float32


def test_the_state_goes_on():
    p = parameter(1.0)
    scaler = mt.amp.GradScaler("cpu", init_scale=8.0, growth_interval=3)
    optimizer = optim.SGD([p], lr=0.1)
    train(scaler, optimizer, p, [1.0])
    state = scaler.state_dict()
    assert state == {"scale": 8.0, "growth_factor": 2.0, "backoff_factor": 0.5,
                     "growth_interval": 3, "_growth_tracker": 1}  # fmt: skip
    other = mt.amp.GradScaler("cpu")
    for started in (False, True):
        if started:
            other.scale(mt.ones(1))
        other.load_state_dict(state)
        assert other.state_dict() == state
    train(other, optimizer, p, [1.0])
    train(other, optimizer, p, [1.0])
    assert other.get_scale() == 16.0
    with pytest.raises(ValueError, match="the state is empty"):
        other.load_state_dict({})


def test_switched_off_it_only_steps():
    p = parameter(1.0)
    scaler = mt.amp.GradScaler("cpu", enabled=False)
    assert train(scaler, optim.SGD([p], lr=1.0), p, [0.25]) == [0.75]
    assert scaler.state_dict() == {} and scaler.get_scale() == 1.0 and not scaler.is_enabled()
    scaler.load_state_dict({})
    if not mt.cuda.is_available():
        with pytest.warns(UserWarning, match="GradScaler: cuda is not available"):
            assert not mt.amp.GradScaler().is_enabled()


def test_what_is_refused():
    p, h = parameter(1.0), mt.ones(2).half().requires_grad_()
    scaler, optimizer = mt.amp.GradScaler("cpu"), optim.SGD([p], lr=1.0)
    for call in (lambda: scaler.unscale_(optimizer), scaler.update):
        with pytest.raises(RuntimeError, match="no loss has been scaled yet"):
            call()
    scaler.scale(mt.ones(1))
    with pytest.raises(RuntimeError, match="no parameter of this optimizer has a gradient"):
        scaler.step(optimizer)
    scaler = mt.amp.GradScaler("cpu")
    scaler.scale(mt.ones(1))
    with pytest.raises(RuntimeError, match="no gradients have been looked at"):
        scaler.update()
    with pytest.raises(RuntimeError, match="takes no closure"):
        scaler.step(optimizer, closure=lambda: None)
    h.grad = mt.ones(2).half()
    with pytest.raises(ValueError, match="a gradient is float16"):
        scaler.unscale_(optim.SGD([h], lr=1.0))
    with pytest.raises(ValueError, match="growth_factor is above 1"):
        mt.amp.GradScaler("cpu", growth_factor=1.0)
    with pytest.raises(ValueError, match="backoff_factor is below 1"):
        mt.amp.GradScaler("cpu", backoff_factor=1.0)
