"""The arithmetic of windows, in words."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn
from minitorch_cv.nn.summary import measure
from minitorch_cv.nn.summary.windows import in_words, step_of


def told(layer, size):
    """The first line of arithmetic of a layer."""
    channels = getattr(layer, "in_channels", 1)
    return measure(layer, (channels, size, size)).rows[0].arithmetic[0]


@pytest.mark.parametrize(
    ("layer", "size", "words"),
    [
        (nn.Conv2d(1, 1, 5, padding=2), 32, "(32 + 2·2 − 5)/1 + 1 = 32"),
        (nn.MaxPool2d(3, 3), 7,
         "(7 + 0 − 3)/3 + 1 = 2.33: not whole; PyTorch rounds down to 2, and the last 1 row and "
         "column are never seen"),
        (nn.MaxPool2d(4, 4), 7,
         "(7 + 0 − 4)/4 + 1 = 1.75: not whole; PyTorch rounds down to 1, and the last 3 rows and "
         "columns are never seen"),
        (nn.Conv2d(1, 1, 7, 2, 3), 224,
         "(224 + 2·3 − 7)/2 + 1 = 112.5: not whole; PyTorch rounds down to 112, and the last 1 row "
         "and column of padding are never used"),
        (nn.MaxPool2d(3, 2, ceil_mode=True), 6,
         "(6 + 0 − 3)/2 + 1 = 2.5: not whole; ceil_mode rounds up to 3, and the last window hangs "
         "1 row and column over the edge"),
        (nn.MaxPool2d(2, 2, padding=1, ceil_mode=True), 5,
         "(5 + 2·1 − 2)/2 + 1 = 3.5: not whole; ceil_mode rounds up to 4, but the last window "
         "would begin behind the image: 3 are left"),
        (nn.AvgPool2d(2, 2, ceil_mode=True), 6, "(6 + 0 − 2)/2 + 1 = 3"),
        (nn.Conv2d(1, 1, 3, padding=2, dilation=2), 32, "(32 + 2·2 − 2·(3 − 1) − 1)/1 + 1 = 32"),
        (nn.Conv2d(1, 1, 4, padding="same"), 9, "(9 + 1 + 2 − 4)/1 + 1 = 9"),
        (nn.Conv2d(1, 1, 4, padding="valid"), 9, "(9 + 0 − 4)/1 + 1 = 6"),
        (nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=1), 7, "(7 − 1)·2 − 2·1 + 3 + 1 = 14"),
        (nn.ConvTranspose2d(1, 1, 3, dilation=2), 7, "(7 − 1)·1 − 0 + 2·(3 − 1) + 1 = 11"),
    ],
)  # fmt: skip
def test_sizes(layer, size, words):
    assert told(layer, size) == words
    count = layer(mt.zeros(1, 1, size, size)).shape[-1]
    assert measure(layer, (1, size, size)).rows[0].output_shape[-1] == count


def test_a_line_for_each_axis_where_they_differ():
    lines = measure(nn.Conv2d(1, 2, (3, 5), padding=(1, 0)), (1, 8, 9)).rows[0].arithmetic
    assert lines[:4] == (
        "rows: (8 + 2·1 − 3)/1 + 1 = 8",
        "columns: (9 + 0 − 5)/1 + 1 = 5",
        "field 1 + (3 − 1)·1 = 3, jump 1·1 = 1, padding 0 + 1·1 = 1",
        "field 1 + (5 − 1)·1 = 5, jump 1·1 = 1, padding 0 + 0·1 = 0",
    )
    assert lines[4:] == (
        "2·8·5 outputs × 1·3·5 = 1,200 multiply-adds",
        "2·1·3·5 + 2 = 32 parameters",
    )


def test_sequences_and_volumes():
    x = np.zeros((1, 1, 7), np.float32)
    (line,) = in_words(step_of("max_pool", (x,), {"kernel_size": 3, "stride": 3}))
    assert line.endswith("rounds down to 2, and the last 1 place is never seen")
    x = np.zeros((1, 1, 7, 7, 7), np.float32)
    (line,) = in_words(step_of("max_pool", (x,), {"kernel_size": 3}))
    assert line.endswith("the last 1 slice and row and column are never seen")


def test_costs_in_words():
    told = measure(nn.Linear(400, 120), (400,)).rows[0].arithmetic
    assert told == ("120 outputs × 400 = 48,000 multiply-adds", "120·400 + 120 = 48,120 parameters")
    told = measure(nn.ConvTranspose2d(3, 2, 4, stride=2), (8, 3, 5, 7)).rows[0].arithmetic
    assert "8·3·5·7 inputs × 2·4·4 = 26,880 multiply-adds" in told
