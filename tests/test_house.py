"""The house stands as docs/architecture.md draws it: rooms, sizes, parts of ops, packaging, tests.

The rules and their tables are tools/house.py and tools/house_ops.py; each is shown a house that
breaks it in tests/tools.
"""

import sys
from pathlib import Path

import pytest

from minitorch_cv.ops.catalog import op_named, op_names

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import house  # noqa: E402
import house_ops  # noqa: E402

RULES = (
    house.broken_imports,
    house.stray_prints,
    house.too_large,
    house.missing_packages,
    house.misplaced_tests,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps(rule):
    assert rule(house.ROOT) == []


def test_no_room_uses_a_higher_floor():
    assert house.broken_floors() == []


def test_the_architecture_page_names_every_room():
    page = (house.ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    absent = [room for room in house.ROOMS if room != "front" and room not in page]
    assert absent == []


@pytest.mark.parametrize("name", op_names())
def test_op_has_all_its_parts(name):
    assert house_ops.missing_parts(op_named(name)) == []
