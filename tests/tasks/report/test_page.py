"""report.html: one file, complete, well-formed, loading nothing."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from minitorch_cv.tasks.report import LayerRow, RunFacts, render
from minitorch_cv.tasks.report.parts import ticks

VOID = {"meta", "link", "img", "br", "line", "polyline"}


class Tags(HTMLParser):
    """Collects tags and attributes, and sees that every tag that opens is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def facts(**changes) -> RunFacts:
    rng = np.random.default_rng(0)
    history = [
        {"epoch": k, "train_loss": 2 / k, "train_accuracy": 1 - 0.5 / k, "test_loss": 1 / k,
         "test_accuracy": 1 - 0.3 / k, "lr": 0.1, "seconds": 1.0, "images_per_second": 100.0}
        for k in range(1, 8)
    ]  # fmt: skip
    labels = np.arange(30) % 3
    scores = np.eye(3)[labels] * 5 + rng.normal(size=(30, 3))
    scores[4] = [9, -9, 0]
    run = RunFacts(
        "a <b> & c", "sub", history, scores, labels, rng.random((30, 1, 8, 8)),
        ("cat", "d<g", "owl"), {"conv1.weight": rng.normal(size=(4, 1, 3, 3))},
        [LayerRow("conv1", "Conv2d", 40, 1e-9, "PASS"), LayerRow("fc", "Linear", 9, 0.5, "FAIL")],
        [("lr", "0.1"), ("label smoothing", "0.1"), ("d<g", "d<g")], [("training", "3 s")],
    )  # fmt: skip
    return run._replace(**changes)


def parse(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    return tags


def test_everything_is_there_and_well_formed() -> None:
    page = render(facts())
    tags = parse(page)
    for heading in ("Loss", "Accuracy", "Confusion matrix", "Worst mistakes",
                    "First-layer filters", "Gradient check", "Settings", "Times"):  # fmt: skip
        assert f"<h2>{heading}" in page
    assert tags.count["svg"] == 2
    assert tags.count["polyline"] == 4
    assert "true d&lt;g" in page and "a &lt;b&gt; &amp; c" in page and "d<g" not in page
    assert page.count('class="pass"') == 1 and ">FAIL<" in page
    assert "96.67 %" in page and "29/30" in page
    assert tags.count["img"] >= 12 + 2 * 4 + 1


def test_nothing_is_loaded_from_anywhere() -> None:
    page = render(facts())
    tags = parse(page)
    loading = [v for _, name, v in tags.attributes if name in ("src", "href", "srcset", "data")]
    assert loading and all(value.startswith("data:") for value in loading)
    assert "script" not in tags.count
    assert not re.search(r"url\(|@import|https?://", page)


def test_every_picture_has_words_and_the_page_fits_a_phone_and_the_dark() -> None:
    page = render(facts())
    images = page.count("<img ")
    assert images == page.count('<img alt="') and 'alt=""' not in page
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page


@pytest.mark.parametrize(
    "changes",
    [
        {"history": []},
        {"history": facts().history[:1]},
        {"layers": None},
        {"weights": {"fc.weight": np.zeros((3, 4))}},
        {"weights": {"conv.weight": np.zeros((2, 3, 3, 3))}},
        {"scores": np.eye(3)[np.arange(30) % 3] * 9},
    ],
    ids=["no epoch", "one epoch", "no check", "no filters", "RGB, zero filters", "no mistakes"],
)
def test_odd_runs_still_give_a_page(changes: dict) -> None:
    parse(render(facts(**changes)))


def test_no_mistakes_are_said_and_the_least_sure_shown() -> None:
    page = render(facts(scores=np.eye(3)[np.arange(30) % 3] * 9))
    assert "every test image is right" in page and "least sure" in page


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.97, 1.0, [0.97, 0.98, 0.99, 1.0]),
        (1, 40, [10, 20, 30, 40]),
        (2.0, 2.0, [2.0]),
    ],
)
def test_ticks_are_round_and_inside(low: float, high: float, wanted: list[float]) -> None:
    assert ticks(low, high, 5) == pytest.approx(wanted)
