"""The score's tool: bugs and right layers run, the bars are judged, the tables are written."""

import json

import gradcheck_score as score
import pytest


@pytest.fixture(scope="module")
def found():
    """Everything about one kind of layer, one seed."""
    return score.measured(seeds=1, correct=30, jobs=1, only="square")


def test_it_runs_the_bugs_and_right_layers_that_are_asked_for(found):
    assert {row["layer"] for row in found["bugs"]} == {"square", "squared error"}
    assert {row["layer"] for row in found["layers"]} == {"square", "squared error"}
    total = found["total"]
    assert (total["caught"], total["named"], total["false FAIL"]) == (100.0, 100.0, 0)
    assert total["bug runs"] == total["bugs"] == 5
    assert set(total["styles"]) == set(score.STYLES)


def test_a_per_cent_is_never_rounded_up():
    assert score.percent(1999, 2000) == 99.95
    assert score.percent(99_999, 100_000) == 99.99
    assert score.percent(0, 0) == 100.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, []),
        ({"caught": 99.4}, ["caught 99.4 % < 99.5 %"]),
        ({"named": 99.99}, ["named 99.99 % < 100.0 %"]),
        ({"diagnosed": 79.0}, ["diagnosed 79.0 % < 80.0 %"]),
        ({"false FAIL": 1}, ["1 false FAIL"]),
    ],
)
def test_a_bar_that_is_missed_is_named(change, words):
    total = {"caught": 99.5, "named": 100.0, "diagnosed": 80.0, "false FAIL": 0}
    assert score.missed({**total, **change}) == words


def test_the_tables_go_between_their_markers_and_nothing_else_changes(found, tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    text = score.PAGE.read_text(encoding="utf-8")
    page.write_text(text, encoding="utf-8")
    monkeypatch.setattr(score, "PAGE", page)
    monkeypatch.setattr(score, "RESULT", tmp_path / "results" / "gradcheck.json")
    score.write(found)
    once = page.read_text(encoding="utf-8")
    assert "5 planted bugs in 2 kinds of layer, 5 runs" in once
    assert "| squared error | the factor 2 is forgotten | 1 | 1 | 1 |" in once
    assert once.partition("## The proof")[0] == text.partition("## The proof")[0]
    score.write(found)
    assert page.read_text(encoding="utf-8") == once
    kept = json.loads((tmp_path / "results" / "gradcheck.json").read_text(encoding="utf-8"))
    assert kept["total"] == found["total"]
