"""ConvTranspose: output_size, and what the layers refuse."""

import pytest

import minitorch_cv as mt
from minitorch_cv import nn


def test_output_size_chooses_the_output_padding():
    layer = nn.ConvTranspose2d(2, 3, 3, stride=(2, 3), padding=1)
    x = mt.zeros(1, 2, 4, 5)
    assert layer(x).shape == (1, 3, 7, 13)
    for size in ((7, 13), (8, 15), [8, 13], (1, 3, 7, 14)):
        assert layer(x, size).shape[2:] == tuple(size)[-2:]
    assert layer(x[0], output_size=(3, 8, 15)).shape == (3, 8, 15)
    assert layer.output_padding == (0, 0)


def test_output_size_undoes_a_convolution():
    down = nn.Conv1d(2, 4, 3, stride=3)
    up = nn.ConvTranspose1d(4, 2, 3, stride=3)
    for length in range(6, 12):
        x = mt.zeros(1, 2, length)
        assert up(down(x), x.shape).shape == x.shape


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((6, 13), r"output_size is between \[7, 13\] and \[8, 15\] for an input \(1, 2, 4, 5\)"),
        ((9, 13), r"\(got \[9, 13\]\)"),
        ((3, 7, 13), "output_size holds 2 sizes, or as many as the input"),
    ],
)
def test_impossible_sizes(size, words):
    layer = nn.ConvTranspose2d(2, 3, 3, stride=(2, 3), padding=1)
    with pytest.raises(ValueError, match=f"^ConvTranspose2d: .*{words}"):
        layer(mt.zeros(1, 2, 4, 5), size)


def test_bad_arguments():
    with pytest.raises(ValueError, match="ConvTranspose1d: padding_mode is 'zeros'"):
        nn.ConvTranspose1d(2, 2, 3, padding_mode="reflect")
    with pytest.raises(TypeError, match="ConvTranspose3d: padding is a number, or one for each"):
        nn.ConvTranspose3d(2, 2, 3, padding="same")
    with pytest.raises(ValueError, match="ConvTranspose2d: output_padding is at least 0"):
        nn.ConvTranspose2d(2, 2, 3, output_padding=-1)
    with pytest.raises(TypeError, match="Conv2d: kernel_size has one number for each of 2 axes"):
        nn.Conv2d(2, 2, (3,))
    with pytest.raises(TypeError, match="Conv1d: in_channels is an int .got 2.5"):
        nn.Conv1d(2.5, 2, 3)


def test_summary_counts_a_transposed_layer_by_its_input():
    rows = nn.summary(nn.ConvTranspose2d(2, 3, 4, stride=4), (2, 5, 6)).rows
    assert rows[0].multiply_adds == 2 * 5 * 6 * 3 * 16
