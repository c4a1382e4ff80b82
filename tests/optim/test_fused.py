"""When the fused update runs, and that its addresses are always those of living arrays."""

import copy
import gc
import pickle

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import optim
from minitorch_cv.backend.registry import use_kernels

pytestmark = pytest.mark.cpu("the fused update of NumPy arrays")


def parameters(*shapes, dtype=np.float32):
    rng = np.random.default_rng(0)
    return [mt.tensor(rng.normal(size=s).astype(dtype), requires_grad=True) for s in shapes]


def with_gradients(params, seed=1):
    rng = np.random.default_rng(seed)
    for p in params:
        p.grad = mt.tensor(rng.normal(size=p.shape).astype(p.detach().numpy().dtype))


def values(params):
    return [p.detach().numpy().copy() for p in params]


@pytest.fixture
def kernel_rows(monkeypatch):
    """How many parameters each call of the kernel of Adam or SGD was given."""
    from minitorch_cv.kernels.cpu.optim import adam, sgd

    rows = []
    for module in (adam, sgd):

        def update(addresses, *rest, real=module.update):
            rows.append(len(addresses))
            real(addresses, *rest)

        monkeypatch.setattr(module, "update", update)
    return rows


def stepped(change, mode, kind=optim.Adam, **options):
    """The values after four steps; `change(params, optimizer)` comes after the second one."""
    with use_kernels(mode):
        params = parameters((3, 4), (5,), (2, 2, 3))
        optimizer = kind(params, lr=0.1, **options)
        for step in range(4):
            with_gradients(params, step)
            if step == 2:
                optimizer = change(params, optimizer) or optimizer
                gc.collect()
            optimizer.step()
    return values(params)


def new_arrays(params, optimizer):
    for p in params:
        p.data = mt.tensor(p.detach().numpy() * 2)


def new_state(params, optimizer):
    for p in params:
        for name, kept in optimizer.state[p].items():
            if name != "step":
                optimizer.state[p][name] = kept * 0.5


def loaded(params, optimizer):
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))


def another_group(params, optimizer):
    first = optimizer.param_groups[0]
    moved = first["params"].pop(0)
    optimizer.add_param_group({"params": [moved], "lr": 0.01})


def transposed_gradients(params, optimizer):
    for p in params:
        g = p.grad.detach().numpy()
        p.grad = mt.from_numpy(np.asfortranarray(g))


def read_only_gradients(params, optimizer):
    for p in params:
        g = p.grad.detach().numpy().copy()
        g.flags.writeable = False
        p.grad.array = g


def strided_parameters(params, optimizer):
    for p in params:
        array = p.detach().numpy()
        wide = np.zeros((*array.shape, 2), np.float32)
        wide[..., 0] = array
        p.array = wide[..., 0]


CHANGES = [
    new_arrays, new_state, loaded, another_group, transposed_gradients, read_only_gradients,
    strided_parameters,
]  # fmt: skip


@pytest.mark.parametrize("kind", [optim.Adam, optim.ASGD, optim.RMSprop])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_moves_between_steps_is_found(change, kind):
    fast, slow = (stepped(change, mode, kind) for mode in ("fast", "reference"))
    for ours, wanted in zip(fast, slow, strict=True):
        np.testing.assert_array_equal(ours, wanted)


@pytest.mark.parametrize("how", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_a_copy_steps_its_own_parameters(how):
    params = parameters((3, 4), (5,))
    optimizer = optim.Adam(params, lr=0.1)
    for step in range(3):
        with_gradients(params, step)
        optimizer.step()
    before = values(params)
    copied = how(optimizer)
    for theirs, p in zip(copied.param_groups[0]["params"], params, strict=True):
        theirs.grad = p.grad
    copied.step()
    for old, p in zip(before, params, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), old)
    optimizer.step()
    theirs = copied.param_groups[0]["params"]
    for ours, wanted in zip(values(theirs), values(params), strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_other_dtypes_take_the_reference_beside_the_kernel(kernel_rows):
    params = parameters((3,), (4,)) + parameters((5,), dtype=np.float64)
    optimizer = optim.SGD(params, lr=0.1)
    before = values(params)
    with_gradients(params)
    optimizer.step()
    assert kernel_rows == [2]
    for p, old in zip(params, before, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), old - 0.1 * p.grad.numpy(), rtol=1e-6)


def test_the_reference_mode_turns_it_off(kernel_rows):
    params = parameters((3,))
    optimizer = optim.SGD(params, lr=0.1)
    with_gradients(params)
    with use_kernels("reference"):
        optimizer.step()
    assert kernel_rows == []
    optimizer.step()
    assert kernel_rows == [1]


def test_a_rule_of_ones_own_is_not_passed_over(kernel_rows):
    class Halves(optim.SGD):
        def update(self, p, g, group):
            p.array[...] *= 0.5

    (p,) = parameters((3,))
    before = values([p])[0]
    p.grad = mt.ones(3)
    Halves([p], lr=0.1).step()
    np.testing.assert_array_equal(p.detach().numpy(), before * 0.5)
    assert kernel_rows == []


def test_a_backward_that_saved_the_old_values_notices():
    (p,) = parameters((3,))
    optimizer = optim.SGD([p], lr=0.1)
    y = (p * p).sum()
    p.grad = mt.ones(3)
    optimizer.step()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_gradient_of_another_shape_is_refused():
    (p,) = parameters((3,))
    optimizer = optim.SGD([p], lr=0.1)
    p.grad = mt.ones(3)
    p.grad.array = np.ones(4, np.float32)
    with pytest.raises(ValueError, match="does not fit its parameter"):
        optimizer.step()


def test_groups_keep_their_own_options(kernel_rows):
    first, second = parameters((3,), (4,))
    optimizer = optim.SGD([{"params": [first]}, {"params": [second], "lr": 0.5}], lr=0.1)
    before = values([first, second])
    first.grad, second.grad = mt.ones(3), mt.ones(4)
    optimizer.step()
    np.testing.assert_allclose(first.detach().numpy(), before[0] - 0.1, rtol=1e-6)
    np.testing.assert_allclose(second.detach().numpy(), before[1] - 0.5, rtol=1e-6)
    assert kernel_rows == [2]
