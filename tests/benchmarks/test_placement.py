"""The benchmark of near and far cores: each step is timed and goes to one side."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("numba")
placement = pytest.importorskip("benchmarks.placement")


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2 if hasattr(os, "sched_getaffinity") else True,
                    reason="one core")  # fmt: skip
@pytest.mark.parametrize(("limit", "side"), [(1e12, "near"), (0.0, "far")])
def test_sides(limit, side, monkeypatch):
    monkeypatch.setattr(placement, "WAYS", 20)
    monkeypatch.setattr(placement, "SECONDS", 0.0)
    calls: list[int] = []
    found = placement.measure({"a": lambda: calls.append(1)}, 0.05, limit)
    assert set(found) == {"a"} and calls
    assert len(found["a"][side]) == len(calls)
    assert sum(map(len, found["a"].values())) == len(calls)
