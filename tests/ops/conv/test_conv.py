"""conv: known answers, 'same' padding, pieces of a batch, what the messages advise."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch_cv.ops.conv import columns
from minitorch_cv.ops.conv.conv import OP
from minitorch_cv.testing import fake_device

IMAGE = np.arange(9.0).reshape(1, 1, 3, 3)  # 0 1 2 / 3 4 5 / 6 7 8


def kernel(*rows):
    return np.array(rows, float)[None, None]


def test_the_kernel_is_not_flipped():
    """Top left times 1 plus bottom right times 10: 0 + 40, 1 + 50, 3 + 70, 4 + 80."""
    y = OP(IMAGE, kernel([1, 0], [0, 10]), np.array([0.5]))
    np.testing.assert_array_equal(y[0, 0], [[40.5, 51.5], [73.5, 84.5]])


def test_gradients_by_hand():
    gy = np.array([[[[1.0, 2], [3, 4]]]])
    _, saved = OP.run((IMAGE, kernel([1, 0], [0, 10]), np.zeros(1)), {})
    gx, gw, gb = OP.differentiate(gy, saved, (True, True, True))
    np.testing.assert_array_equal(gx[0, 0], [[1, 2, 0], [3, 14, 20], [0, 30, 40]])
    # gw[0, 0] = 1·0 + 2·1 + 3·3 + 4·4 = 27; one step to the right every x is larger by 1: + 10.
    np.testing.assert_array_equal(gw[0, 0], [[27, 37], [57, 67]])
    np.testing.assert_array_equal(gb, [10])


def test_stride_padding_and_dilation():
    """Elements two apart on the framed image: each of the four windows meets the middle alone."""
    y = OP(IMAGE, kernel([1, 2], [3, 4]), None, stride=2, padding=1, dilation=2)
    np.testing.assert_array_equal(y[0, 0], [[4 * 4, 3 * 4], [2 * 4, 1 * 4]])


def test_groups_see_their_own_channels_only():
    x = np.array([1.0, 2, 3, 4]).reshape(1, 4, 1, 1)
    w = np.array([[1.0, 10], [100, 1000]]).reshape(2, 2, 1, 1)
    y = OP(x, w, None, groups=2)
    np.testing.assert_array_equal(y.reshape(-1), [1 + 20, 300 + 4000])


def test_same_padding_of_an_even_kernel_adds_at_the_end():
    row = np.array([1.0, 2, 3]).reshape(1, 1, 1, 3)
    np.testing.assert_array_equal(
        OP(row, kernel([1, 10]), None, padding="same")[0, 0], [[21, 32, 3]]
    )
    y = OP(row, kernel([1, 10, 100, 1000]), None, padding="same")  # one zero before, two after
    np.testing.assert_array_equal(y[0, 0], [[3210, 321, 32]])


def test_valid_is_no_padding():
    w = kernel([1, 0], [0, 10])
    np.testing.assert_array_equal(OP(IMAGE, w, None, padding="valid"), OP(IMAGE, w, None))


@pytest.mark.parametrize("chunk", [1, 100, 200, 10**9])
def test_pieces_of_a_batch_give_the_whole(chunk, monkeypatch):
    """However many images fit into one piece of columns, results agree to rounding."""
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(5, 4, 4, 4)), rng.normal(size=(2, 2, 2, 2)), rng.normal(size=2)
    params = {"groups": 2, "padding": "same"}
    gy = rng.normal(size=(5, 2, 4, 4))
    whole, saved = OP.run((x, w, b), params)
    grads = OP.differentiate(gy, saved, (True, True, True))
    monkeypatch.setattr(columns, "_CHUNK", chunk)
    y, saved = OP.run((x, w, b), params)
    np.testing.assert_allclose(y, whole, rtol=0, atol=1e-13)
    for got, want in zip(OP.differentiate(gy, saved, (True, True, True)), grads, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


@pytest.mark.cpu("opens a device of its own")
@pytest.mark.parametrize(("images", "calls"), [(1, 7), (3, 3), (100, 1)])
def test_on_a_device_columns_keep_to_the_workspace(images, calls, monkeypatch):
    """And each piece is as large as it may be."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(7, 2, 6, 5)), rng.normal(size=(3, 2, 3, 3))
    made, real = [], columns.IM2COL

    def noted(x, **params):
        made.append(real(x, **params))
        return made[-1]

    monkeypatch.setattr(columns, "IM2COL", noted)
    monkeypatch.setattr(columns, "WORKSPACE", images * 18 * 12 * 8)
    want, saved = OP.run((x, w, None), {})
    gy = rng.normal(size=want.shape)
    grads = OP.differentiate(gy, saved, (True, True, False))
    made.clear()
    with fake_device() as fake:
        there = [fake.library.from_numpy(a) for a in (x, w, gy)]
        y, saved = OP.run((*there[:2], None), {})
        assert len(made) == calls and max(a.nbytes for a in made) <= columns.WORKSPACE
        found = OP.differentiate(there[2], saved, (True, True, False))
        assert len(made) == 2 * calls and fake.total() == 0
        for a, b in zip((y, *found[:2]), (want, *grads[:2]), strict=True):
            np.testing.assert_allclose(a.get(), b, rtol=0, atol=1e-12)


@pytest.mark.cpu("opens a device of its own")
@pytest.mark.parametrize("groups", [1, 2])
def test_a_1x1_kernel_on_a_device_is_one_product(groups, monkeypatch):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(5, 4, 3, 3)), rng.normal(size=(6, 4 // groups, 1, 1))
    want, saved = OP.run((x, w, None), {"groups": groups})
    gy = rng.normal(size=want.shape)
    grads = OP.differentiate(gy, saved, (True, True, False))
    monkeypatch.setattr(columns, "IM2COL", None)
    monkeypatch.setattr(columns, "COL2IM", None)
    monkeypatch.setattr(columns, "WORKSPACE", 1)
    with fake_device() as fake:
        products = []
        module = type(fake.library.namespace)
        monkeypatch.setattr(
            module, "matmul", lambda self, *a, **k: products.append(k) or matmul(*a, **k),
            raising=False,
        )  # fmt: skip
        matmul = module().__getattr__("matmul")
        x, w, gy = (fake.library.from_numpy(a) for a in (x, w, gy))
        y, saved = OP.run((x, w, None), {"groups": groups})
        found = OP.differentiate(gy, saved, (True, True, False))
        assert len(products) == 3
        for a, b in zip((y, *found[:2]), (want, *grads[:2]), strict=True):
            np.testing.assert_allclose(a.get(), b, rtol=0, atol=1e-12)


def test_columns_are_not_kept():
    _, saved = OP.run((np.zeros((4, 8, 16, 16)), np.zeros((8, 8, 5, 5)), None), {})
    assert [name for name in saved._fields if isinstance(getattr(saved, name), np.ndarray)] == [
        "x", "w",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("x", "w", "params", "message"),
    [
        (
            (2, 4, 8, 8), (6, 3, 5, 5), {},
            "conv2d: weight expects 3 input channels (got x (2, 4, 8, 8), weight (6, 3, 5, 5), "
            "groups=1); use nn.Conv2d(4, 6, 5)",
        ),
        (
            (3, 8, 8), (6, 3, 5, 5), {},
            "conv2d: images are (N, C, H, W) (got x (3, 8, 8), without a batch axis); add one with "
            "x[None]",
        ),
        (
            (1, 3, 9, 4), (6, 3, 5, 5), {"dilation": 2, "padding": 1},
            "conv2d: the kernel is larger than the padded input (got width 4 + 2 of padding = 6, "
            "but the kernel covers 2·(5 − 1) + 1 = 9); use a larger image, more padding or a "
            "smaller kernel",
        ),
    ],
)  # fmt: skip
def test_messages_in_full(x, w, params, message):
    with pytest.raises(ValueError) as error:
        OP(np.zeros(x), np.zeros(w), None, **params)
    assert str(error.value) == message
