"""Images turned and narrowed on the way to the library, and back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from minitorch_cv.kernels.cuda.conv.channels_last import AS_IT_IS, KERNELS, LAST, _tiles
from minitorch_cv.kernels.cuda.packed.conv import BFLOAT16

from minitorch_cv.ops.precision import nearest_bfloat16
from minitorch_cv.testing.cuda_emulator import emulated_cuda
from minitorch_cv.testing.cuda_emulator.count import count

SHAPES = [(2, 3, 5, 7), (1, 33, 40), (3, 70, 2, 3, 11), (2, 1, 9, 4), (2, 37, 1, 1), (1, 32, 8, 4),
          (2, 64, 8, 8), (2, 130, 67), (1, 64, 8, 16)]  # fmt: skip
# One axis narrow, and the other longer than a tile.
NARROW = [(2, 2, 37, 29), (1, 1030, 2), (2, 5, 301), (1, 331, 3, 3), (5, 31, 33), (1, 4, 2051)]


def widened(halves):
    return (halves.astype(np.uint32) << 16).view("f")


@pytest.mark.parametrize("shape", SHAPES + NARROW)
def test_there_and_back(shape, order, blocks, draw):
    x = draw(*shape)
    x.flat[:3] = np.nan, np.inf, -np.inf
    with emulated_cuda(order) as counters:
        there = counters.library.from_numpy(x)
        packed = BFLOAT16.pack(there)
        assert packed.dtype == np.uint16 and packed.flags.c_contiguous
        want = nearest_bfloat16(x)
        np.testing.assert_array_equal(widened(packed.get()), np.moveaxis(want, 1, -1))
        back = BFLOAT16.unpack(packed, x.ndim)
        assert back.dtype == np.float32 and back.shape == shape and back.flags.c_contiguous
        np.testing.assert_array_equal(back.get(), want)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_bias_is_added_on_the_way_back(shape, order, blocks, draw):
    x, b = nearest_bfloat16(draw(*shape)), draw(2 * shape[1])[::2]
    with emulated_cuda(order) as counters:
        packed = BFLOAT16.pack(counters.library.from_numpy(x))
        back = BFLOAT16.unpack(packed, x.ndim, counters.library.from_numpy(b)).get()
    rows = nearest_bfloat16(b).reshape(-1, *(1,) * (x.ndim - 2))
    np.testing.assert_array_equal(back, nearest_bfloat16(x + rows))


def test_what_is_not_contiguous_and_a_line_of_one_row(draw, emulator):
    x = draw(9, 7, 6, 4)
    with emulated_cuda() as counters:
        packed = BFLOAT16.pack(counters.library.from_numpy(x).transpose(3, 2, 1, 0)[::2])
        want = nearest_bfloat16(x.transpose(3, 2, 1, 0)[::2])
        np.testing.assert_array_equal(widened(packed.get()), np.moveaxis(want, 1, -1))
        row = BFLOAT16.pack(counters.library.from_numpy(x[:, :, :1]))  # (9, 1, 4, 7)
        assert BFLOAT16.unpack(row, 3).shape == (9, 7, 4)


@pytest.mark.parametrize("shape", SHAPES + NARROW)
def test_plain_numbers_keep_every_bit(shape, order, blocks):
    """There from an address that no vector lies at, and back; payloads of NaNs are bits, too."""
    drawn = np.random.default_rng(0).integers(0, 2**32, 1 + math.prod(shape), np.uint32)
    drawn[1:4] = 0x7FC12345, 0xFFFFFFFF, 0x7F812345  # two quiet NaNs, a signalling one
    bits = drawn[1:].reshape(shape)
    with emulated_cuda(order) as counters:
        there = counters.library.from_numpy(drawn.view("f"))[1:].reshape(shape)
        packed = LAST.pack(there)
        assert packed.dtype == np.float32 and packed.flags.c_contiguous
        np.testing.assert_array_equal(packed.get().view("I"), np.moveaxis(bits, 1, -1))
        back = LAST.unpack(packed, len(shape))
        assert back.dtype == np.float32 and back.shape == shape and back.flags.c_contiguous
        np.testing.assert_array_equal(back.get().view("I"), bits)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("shape", SHAPES + NARROW)
def test_a_plain_bias(shape, dtype, order, blocks, draw):
    x, b = draw(*shape).astype(dtype), draw(2 * shape[1]).astype(dtype)[::2]
    x.flat[:3] = np.nan, np.inf, -np.inf
    with emulated_cuda(order) as counters:
        there, bias = map(counters.library.from_numpy, (x, b))
        back = LAST.unpack(LAST.pack(there), x.ndim, bias)
        assert back.dtype == dtype and back.shape == shape and back.flags.c_contiguous
        np.testing.assert_array_equal(back.get(), x + b.reshape(-1, *(1,) * (x.ndim - 2)))
        np.testing.assert_array_equal(there.get(), x)


def test_nothing_is_copied_where_nothing_is_to_be_turned(draw, emulator):
    device = emulated_cuda()
    with device as counters:
        for shape in ((3, 1, 5, 4), (3, 5, 1), (2, 6, 1, 1, 1)):
            x = counters.library.from_numpy(draw(*shape))
            packed = LAST.pack(x)
            back = LAST.unpack(packed, x.ndim)
            assert {device.device.address(a) for a in (packed, back)} == {device.device.address(x)}
        x = counters.library.from_numpy(draw(2, 4, 5, 3))
        assert LAST.pack(x.transpose(0, 3, 1, 2)).shape == x.shape
    assert not device.device.launched


def test_plain_rows_and_what_is_not_contiguous(draw, emulator):
    x, device = draw(9, 7, 6, 4), emulated_cuda()
    with device as counters:
        there = counters.library.from_numpy(x)
        packed = LAST.pack(there.transpose(3, 2, 1, 0)[::2])
        want = np.moveaxis(x.transpose(3, 2, 1, 0)[::2], 1, -1)
        np.testing.assert_array_equal(packed.get(), want)
        back = LAST.unpack(LAST.pack(there[:, :, :1]), 3)  # (9, 1, 4, 7)
        np.testing.assert_array_equal(back.get(), x[:, :, 0])
        LAST.pack(there.astype("float16"))
    assert [name for _, name in device.device.launched] == [
        "channels_last", "channels_last", "channels_second",
    ]  # fmt: skip


@pytest.mark.parametrize(("C", "L"), [(64, 128), (4, 2048), (1024, 4), (16, 256), (512, 16)])
def test_each_sector_is_moved_once_and_no_bank_is_waited_for(C, L, emulator):
    x, y, b = (np.ones(s, np.float32) for s in ((2, C, L), (2, L, C), C))
    grid, down = _tiles(2, C, L)
    there = count(KERNELS, "channels_last", grid, 256, (x, y, 2, C, L, down))
    grid, down = _tiles(2, L, C)
    back = count(KERNELS, "channels_second", grid, 256, (y, b, x, 2, C, L, down))
    assert (x == 2).all()
    for counts, flops in ((there, 0), (back, x.size)):
        assert all(counts.arrays[a].bytes == x.nbytes for a in "xy") and counts.flops == flops
        assert all(counts.arrays[a].transfers == x.nbytes // 32 for a in "xy")
        assert counts.shared_bytes == 2 * x.nbytes


def test_a_tile_is_as_narrow_as_the_narrower_axis():
    found = {(rows, columns): _tiles(2, rows, columns) for rows, columns in
             ((64, 64), (3, 5120), (512, 3), (1, 2000), (2000, 1), (64, 49), (9, 70), (70, 9),
              (3, 5))}  # fmt: skip
    assert found == {
        (64, 64): ((1, 1, 2), 6), (3, 5120): ((5, 1, 2), 2), (512, 3): ((1, 1, 2), 10),
        (1, 2000): ((2, 1, 2), 2), (2000, 1): ((1, 2, 2), 10), (64, 49): ((1, 1, 2), 6),
        (9, 70): ((1, 1, 2), 4), (70, 9): ((1, 1, 2), 8), (3, 5): ((1, 1, 2), 2),
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_as_it_is_nothing_is_turned(dtype, draw, emulator):
    x, b, device = draw(3, 5, 4, 6).astype(dtype), draw(10).astype(dtype)[::2], emulated_cuda()
    with device as counters:
        there, bias = map(counters.library.from_numpy, (x, b))
        assert device.device.address(AS_IT_IS.pack(there)) == device.device.address(there)
        view = AS_IT_IS.pack(there.transpose(0, 2, 1, 3))
        assert view.flags.c_contiguous and view.shape == (3, 4, 5, 6)
        filled = AS_IT_IS.empty(device.device, x.shape, dtype)
        assert filled.dtype == dtype and filled.shape == x.shape
        filled[...] = there
        back = AS_IT_IS.unpack(filled, 4, bias)
        np.testing.assert_array_equal(back.get(), x + b[:, None, None])
        row = AS_IT_IS.unpack(there[:, :, :1], 3, bias)  # (3, 5, 1, 6)
        np.testing.assert_array_equal(row.get(), x[:, :, 0] + b[:, None])
    assert not device.device.launched


def test_sums_over_a_channel(draw, emulator):
    x = draw(3, 5, 8, 9)
    with emulated_cuda() as counters:
        there = counters.library.from_numpy(x)
        got, plain = BFLOAT16.channel_sums(there).get(), LAST.channel_sums(there).get()
    want = nearest_bfloat16(nearest_bfloat16(x).astype(float).sum((0, 2, 3)).astype("f"))
    np.testing.assert_allclose(got, want, rtol=2**-7)
    np.testing.assert_array_equal(got, nearest_bfloat16(got))
    np.testing.assert_allclose(plain, x.astype(float).sum((0, 2, 3)), atol=1e-4)
