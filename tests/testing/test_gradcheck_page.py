"""docs/gradcheck.md: every example on the page is run, and prints what the page says."""

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gradcheck.md"


def test_the_examples_print_what_the_page_says():
    failed, tried = doctest.testfile(
        str(PAGE), module_relative=False, encoding="utf-8",
        optionflags=doctest.ELLIPSIS,
    )  # fmt: skip
    assert tried > 30
    assert failed == 0
