"""A sample of the planted bugs and right layers; `make gradcheck-score` runs all of them."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus import BUGS, HARD, LAYERS, measure  # noqa: E402
from styles import STYLES, Layer, finds_right  # noqa: E402

RIGHT = [*LAYERS, *HARD]


def name(bug):
    return f"{bug.layer.name}: {bug.name}"


@pytest.fixture(scope="module")
def outcomes():
    """One run of every bug, each with another seed."""
    return {name(bug): measure.on_bug(bug, k % 20) for k, bug in enumerate(BUGS)}


def test_every_bug_is_caught(outcomes):
    assert [bug for bug, outcome in outcomes.items() if not outcome.caught] == []


def test_the_named_elements_are_truly_wrong(outcomes):
    assert [bug for bug, outcome in outcomes.items() if not outcome.named] == []


def test_the_first_diagnosis_is_right_for_four_in_five(outcomes):
    wrong = {bug: outcome.kinds[:1] for bug, outcome in outcomes.items() if not outcome.diagnosed}
    assert len(wrong) <= 0.2 * len(BUGS), wrong


@pytest.mark.parametrize("layer", RIGHT, ids=lambda layer: layer.name)
def test_a_right_layer_never_fails(layer):
    reports = [measure.on_layer(layer, seed) for seed in range(100, 108)]
    assert [str(report) for report in reports if report.verdict == "FAIL"] == []


# The corpus itself.


def test_it_is_as_large_as_promised():
    assert len(BUGS) >= 60
    assert len({bug.layer.name for bug in BUGS}) >= 12
    assert len({name(bug) for bug in BUGS}) == len(BUGS)
    assert all(bug.kinds for bug in BUGS)


@pytest.mark.parametrize("bug", BUGS, ids=name)
def test_a_bug_is_a_bug_with_every_seed(bug):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        inputs, param = bug.layer.make(rng)
        out, cache = bug.layer.forward(*inputs.values(), *([] if param is None else [param]))
        dout = rng.normal(size=np.shape(out))
        right = measure.as_list(bug.layer.backward(dout, cache))
        wrong = measure.as_list(bug.backward(dout, cache))
        assert [g.shape for g in right] == [x.shape for x in inputs.values()]
        assert any(
            a.shape != b.shape or np.max(abs(a - b)) > 1e-3
            for a, b in zip(right, wrong, strict=True)
        )


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_right_layers_are_right_by_plain_differences(layer):
    """Not by our own check: by central differences in every element (styles.py)."""
    if layer.name != "max pool with ties":  # where plain differences are wrong
        assert verdict("CS231n", layer, layer.backward)


# The other styles.


def bug_named(text):
    (found,) = [bug for bug in BUGS if name(bug) == text]
    return found


def verdict(style, layer, backward):
    rng = np.random.default_rng(0)
    inputs, param = layer.make(rng)
    subject = Layer(layer.forward, backward, param)
    return finds_right(STYLES[style], subject, list(inputs.values()), rng)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_passes_a_right_layer_and_sees_a_plain_bug(style):
    bug = bug_named("sigmoid: dx: minus for plus")
    assert verdict(style, bug.layer, bug.layer.backward)
    assert not verdict(style, bug.layer, bug.backward)


@pytest.mark.parametrize("style", STYLES)
def test_a_gradient_of_the_wrong_shape_is_seen_by_every_style(style):
    bug = bug_named("linear: db: not summed over the batch, of the wrong shape")
    assert not verdict(style, bug.layer, bug.backward)


@pytest.mark.parametrize("style", STYLES)
def test_the_gradient_of_a_sum_hides_a_softmax_without_gradient(style):
    bug = bug_named("softmax: dx: zero, which the gradient of the sum would be")
    assert verdict(style, bug.layer, bug.backward) == (style in ("DeZero", "minitorch"))
