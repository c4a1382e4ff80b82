"""The figures that the race derives from times, on times that are known."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.networks import layers, plot, scaling, table, turns, works  # noqa: E402


def cell(times, peak=10, numbers=(1.0, -2.0)):
    return turns.spread(times) | {"peak": peak, "numbers": list(numbers)}


def test_spread_is_quartiles():
    assert turns.spread([4.0, 1.0, 3.0, 2.0, 5.0]) == {
        "median": 3.0, "low": 2.0, "high": 4.0, "least": 1.0, "count": 5
    }  # fmt: skip
    assert turns.spread([2.0])["low"] == 2.0


def test_ratio_is_the_peers_over_ours():
    cells = {"ours": cell([1.0, 2.0, 3.0]), "torch": cell([5.0, 6.0, 7.0], 25, (1.0, -2.002)),
             "jax": {"skipped": "not written"}}  # fmt: skip
    row = turns.compared(cells)["torch"]
    assert row["ratio"] == 3.0 and row["ratio_of_least"] == 5.0 and row["memory"] == 2.5
    assert row["difference"] == pytest.approx(1e-3, rel=0.01)
    assert list(turns.compared(cells)) == ["torch"]


def test_geometric_mean_over_works():
    cells = [{"train": {"compared": {"torch": {"ratio": r}}}} for r in (0.5, 8.0)]
    assert turns.geometric_means({"a": cells[0], "b": cells[1]}) == {
        "train": {"torch": pytest.approx(2.0)}
    }


def test_other_numbers_are_complained_about():
    cells = {"ours": cell([1.0]), "torch": cell([1.0], numbers=(1.0, math.nan))}
    cells["compared"] = turns.compared(cells)
    (line,) = table.complaints("work", "train", cells)
    assert "torch differs from ours by nan" in line
    cells["jax"] = {"failed": "Traceback:\n  …\nMemoryError: too much\n"}
    assert table.complaints("work", "train", cells)[0].endswith("MemoryError: too much")
    assert table.left_out({"w": {"train": {"jax": {"skipped": "why"}}}}) == ["jax left out, w: why"]


def test_exponent_of_a_power():
    assert scaling.exponent([(n, 3e-3 * n**1.5) for n in (1, 2, 8, 32)]) == pytest.approx(1.5)
    assert scaling.exponent([(1, 2.0), (2, 1.0)]) == pytest.approx(-1.0)


def test_what_grows():
    assert [n for n, _ in scaling.works_along("batch", False)] == [1, 2, 4, 8, 16, 32, 64, 128]
    sizes = [work.images for _, work in scaling.works_along("size", False)]
    assert sizes == [(2, 3, side, side) for side in (32, 64, 128, 256, 512)]
    assert len(scaling.works_along("size", True)) == 2


def test_weights_depend_on_the_name_alone():
    a, again = (works.values("layer.weight", (3, 2, 5, 5)) for _ in range(2))
    assert np.array_equal(a, again) and a.dtype == "float32"
    assert not np.array_equal(a, works.values("other.weight", (3, 2, 5, 5)))
    big = works.values("layer.weight", (100, 20, 3, 3))
    assert big.std() == pytest.approx(math.sqrt(2 / 180), rel=0.02)
    assert works.values("bn.running_var", (2,)).tolist() == [1, 1]
    assert works.values("bn.bias", (2,)).tolist() == [0, 0]


def test_lost_time_is_listed_first():
    rounds = [{"conv": [n, 1.0, 2.0], "relu": [0.1, 0.1, 1.0]} for n in (1.0, 2.0, 9.0)]
    ours = layers.medians(rounds)
    assert ours["conv"] == [2.0, 1.0, 2.0]
    lines = layers.lines(ours, {"relu": [0.2, 0.2, 1.0], "conv": [1.0, 1.0, 2.0]})
    assert [line.split()[0] for line in lines[1:]] == ["conv", "relu"]
    assert lines[1].endswith("1000.00") and lines[2].endswith("-200.00")


def test_a_full_result_is_drawn(tmp_path):
    cells = {"ours": cell([1.0]), "torch": cell([2.0]), "jax": cell([0.5])}
    cells["compared"] = turns.compared(cells)
    points = {"ours": [(1, 0.1), (2, 0.2)], "torch": [(1, 0.2), (2, 0.3)]}
    grown = {"model": "m", "points": points, "exponents": {"ours": 1.0}}
    threads = {"w": {"ours": {"points": [(1, 2.0), (2, 1.0)], "exponent": -1.0}}}
    result = {
        "machine": {"cpu": "a CPU", "threads": 2},
        "works": {"w": {"train": cells, "infer": cells}},
        "scaling": {"batch": grown, "size": grown, "threads": threads},
    }
    plot.draw(result, tmp_path / "all.png")
    del result["scaling"]
    plot.draw(result, tmp_path / "few.png")
    assert (tmp_path / "all.png").stat().st_size > (tmp_path / "few.png").stat().st_size > 5000
