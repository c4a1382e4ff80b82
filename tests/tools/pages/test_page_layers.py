"""docs/layers.md is what tools/pages/page_layers.py writes from the docstrings of today."""

import layer_pictures
import page_layers
import pytest

from minitorch_cv import nn


def test_the_page_is_up_to_date():
    assert page_layers.main(["--check"]) == 0, "run `make docs`"


def test_every_layer_says_what_it_is():
    assert [text for layer in page_layers.layers() for text in page_layers.missing(layer)] == []


def test_a_layer_without_words_is_named():
    bare = type("Bare", (nn.Module,), {"__module__": nn.Conv2d.__module__})
    assert page_layers.missing(bare)[:2] == ["Bare: has no meaning", "Bare: has no equation"]


def test_every_picture_is_there_and_shown():
    page = page_layers.PAGE.read_text("utf-8")
    for pictures in layer_pictures.PICTURES.values():
        for name in pictures:
            assert (layer_pictures.FOLDER / f"{name}.png").stat().st_size > 2000
            assert f"(pictures/{name}.png)" in page


def test_a_footprint_is_where_the_gradient_is():
    seen = layer_pictures.seen_from(lambda x: 2 * x[:, 1:], (1, 3), (0, 0))
    assert seen.tolist() == [[0, 1, 0]]


@pytest.mark.parametrize("name", ["ReLU", "BatchNorm2d", "GroupNorm", "Conv2d"])
def test_the_parts_of_a_docstring(name):
    entry = page_layers.entry_of(getattr(nn, name))
    assert "=" in entry.equation and "→" in entry.shapes and entry.source
