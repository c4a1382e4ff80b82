"""The strict fake device: it behaves as CuPy does, and a network trains on it without a leak."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn, optim
from minitorch_cv.ops.catalog import op_named
from minitorch_cv.testing import fake_device
from minitorch_cv.testing.fake_device import FakeArray


@pytest.fixture
def fake():
    with fake_device() as counters:
        yield counters


@pytest.fixture
def x(fake):
    return fake.library.from_numpy(np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    "mix",
    [
        lambda x, n: x + n, lambda x, n: n + x, lambda x, n: x @ n.T, lambda x, n: n * x,
        lambda x, n: x == n, lambda x, n: np.exp(x), lambda x, n: np.asarray(x),
        lambda x, n: np.concatenate([x, n]), lambda x, n: x.__setitem__(0, n[0]),
        lambda x, n: x.__iadd__(n), lambda x, n: n.__setitem__(0, x[0]),
    ],
)  # fmt: skip
def test_mixing_with_numpy_is_a_type_error(x, mix):
    with pytest.raises(TypeError):
        mix(x, np.ones((2, 3)))


def test_the_namespace_refuses_numpy_arrays(fake, x):
    xp = fake.library.namespace
    for call in (lambda n: xp.add(x, n), lambda n: xp.where(x > 0, x, n), lambda n: xp.sum(n)):
        with pytest.raises(TypeError, match="Unsupported type"):
            call(np.ones((2, 3)))
    assert isinstance(xp.asarray(np.ones(2)), FakeArray) and fake.uploads == 2
    with pytest.raises(AttributeError, match="CuPy has no .errstate"):
        xp.errstate()


def test_results_stay_on_the_device(fake, x):
    xp = fake.library.namespace
    values = [x.sum(), x[0, 0], xp.max(x), x.mean(), xp.dot(x[0], x[0]), xp.zeros(()), x > 1]
    values += [xp.allclose(x, x), 2.0 * x, np.float32(2) * x, xp.argmax(x), -x, abs(x)]
    for value in values:
        assert isinstance(value, FakeArray), value
    assert x.sum().ndim == 0 and xp.float32 is np.float32 and xp.pi == np.pi
    assert fake.total() == 0


def test_reading_a_value_is_counted(fake, x):
    assert float(x[0, 1]) == 1 and int(x[0, 2]) == 2 and bool(x[0, 1]) and x[0, 0].item() == 0
    assert fake.waits == 4
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]] and x.get().shape == (2, 3)
    assert fake.downloads == 2 and fake.total() == 6
    assert "get() in" in fake.last and "test_fake_device.py" in fake.last


def test_masks_and_uploads_are_counted_apart(fake, x):
    assert x[x > 2].shape == (3,)
    assert x[np.array([1, 0])].shape == (2, 3)
    assert (fake.masks, fake.uploads, fake.total()) == (1, 2, 0)


def test_ufunc_at_and_views(fake, x):
    xp = fake.library.namespace
    y = xp.zeros((2, 3))
    xp.add.at(y, (xp.asarray([1, 1]), xp.asarray([0, 0])), xp.asarray([1.0, 2.0]))
    assert y.get()[1, 0] == 3
    v = x[0]
    v += 10
    assert x.get()[0].tolist() == [10, 11, 12]
    assert xp.may_share_memory(v, x) is True


def test_ufunc_at_takes_the_dtypes_of_cudas_atomics(fake):
    xp = fake.library.namespace
    one = xp.asarray([1])
    for kind in ("float16", "float32", "float64", "int32", "uint32", "uint64"):
        y = xp.zeros(2, dtype=kind)
        xp.add.at(y, one, one.astype(kind))
        assert y.get().tolist() == [0, 1]
    for kind in ("int64", "int8", "bool"):
        with pytest.raises(TypeError, match="CuPy's add.at only supports int32, "):
            xp.add.at(xp.zeros(2, dtype=kind), one, one.astype(kind))
    with pytest.raises(TypeError, match="CuPy's maximum.at only supports"):
        xp.maximum.at(xp.zeros(2, dtype="float16"), one, one.astype("float16"))


def test_tensors_on_two_devices_are_one_clear_error(fake):
    a, b = mt.ones(2, 3), mt.ones(2, 3).to("fake")
    with pytest.raises(TypeError, match=r"add: inputs lie on different devices \(got a on cpu"):
        a + b
    with pytest.raises(TypeError, match="concatenate: inputs lie on different devices"):
        mt.cat([a, a, b])
    layer = nn.Linear(3, 2)
    with pytest.raises(TypeError, match="linear: inputs lie on different devices"):
        layer(b)


def test_gradients_travel_back(fake):
    x = mt.tensor([1.0, 2.0]).requires_grad_()
    y = (x.to("fake") * 3).sum()
    assert str(y.device) == "fake:0"
    y.backward()
    assert x.grad.tolist() == [3, 3] and str(x.grad.device) == "cpu"


def network():
    mt.manual_seed(0)
    return nn.Sequential(  # no bias before the norm: its gradient is rounding, which Adam enlarges
        nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 4, 3, padding=1, groups=2), nn.LeakyReLU(0.1), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(16, 10),
    )  # fmt: skip


@pytest.mark.parametrize("make", [
    lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    lambda p: optim.Adam(p, lr=0.01),
], ids=["SGD", "Adam"])  # fmt: skip
def test_a_training_step_never_waits_and_gives_the_cpus_numbers(fake, make):
    images = mt.randn(6, 1, 8, 8, generator=mt.Generator(3))
    labels = mt.tensor([0, 3, 9, 1, 1, 7])
    parameters = []
    with mt.use_kernels("reference"):
        for place in ("cpu", "fake"):
            model = network().to(place)
            optimizer = make(model.parameters())
            x, t = images.to(place), labels.to(place)
            before = fake.total()
            for _ in range(3):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(x), t)
                loss.backward()
                optimizer.step()
            assert fake.total() == before, fake.last
            assert str(loss.device).startswith(place)
            parameters.append([p.detach().cpu().numpy() for p in model.parameters()])
    for a, b in zip(*parameters, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_values_that_a_check_reads_are_counted_apart(fake):
    """Whether boxes lie on images that exist can be seen in no other way."""
    x, boxes, index = (
        fake.library.from_numpy(a)
        for a in (np.zeros((1, 1, 4, 4)), np.array([[0.0, 0, 2, 2]]), np.array([0]))
    )
    assert isinstance(op_named("roi_align")(x, boxes, index, output_size=1), FakeArray)
    assert fake.total() == 0 and fake.judged > 0


def test_fresh_memory_is_spoiled(fake):
    xp = fake.library.namespace
    for fresh in (xp.empty((2, 3)), xp.empty_like(xp.ones(2, dtype=np.float16))):
        assert np.isnan(fresh.get()).all()
    assert (xp.empty(2, dtype=np.int64).get() == -1).all()


def test_arguments_and_functions_that_cupy_lacks(fake, x):
    xp = fake.library.namespace
    for call in (
        lambda: xp.sum(x, where=x > 1), lambda: xp.max(x, initial=0.0), lambda: x.sum(initial=1.0),
        lambda: xp.exp(x, order="C"), lambda: xp.clip(x, 0, 1, None, "unsafe"),
        lambda: [1, 2][x[0, 0]],
    ):  # fmt: skip
        with pytest.raises((TypeError, AttributeError)):
            call()
    for name in ("insert", "nanquantile", "nditer"):
        with pytest.raises(AttributeError, match=f"CuPy has no {name!r}"):
            getattr(xp, name)
    with pytest.raises(NotImplementedError, match="CuPy has no maximum.reduce"):
        xp.maximum.reduce(x)


def test_indices_out_of_range_go_round_as_cupys_do(fake, x):
    xp = fake.library.namespace
    assert x[xp.asarray([2, 3])].get().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert x[:, xp.asarray([3, 7])].get().tolist() == [[0, 1], [3, 4]]
    assert xp.take_along_axis(x, xp.asarray([[5], [3]]), 1).get().tolist() == [[2], [3]]
    for place in (2, (0, 3), (..., 3)):
        with pytest.raises(IndexError):
            x[place]


def test_who_waits_inside_the_package_is_named(fake):
    x = mt.ones(3, device="fake")
    x.sum().item(), x.tolist(), bool(x.sum() > 2), x.cpu()
    assert fake.total() == 4 and not fake.inside
    x.long().bincount()
    assert any(place.startswith("autograd/methods/statistics.py: ") for place in fake.inside)


def test_blocks_inside_of_one_another(fake):
    with fake_device():
        mt.ones(2, device="fake")
    assert mt.ones(2, device="fake").tolist() == [1, 1]


def test_the_table_of_cupys_functions_is_what_cupy_says():
    """Of the version that it was written from; a newer one only has more."""
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    from minitorch_cv.testing.cupy_functions import rules

    for name in rules():
        thing = cupy
        for part in name.split("."):
            assert hasattr(thing, part), name
            thing = getattr(thing, part)
