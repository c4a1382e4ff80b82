"""docs/ops.md is what tools/pages/page_ops.py writes from the op files of today."""

import page_ops

from minitorch_cv.ops.catalog import op_names


def test_the_page_is_up_to_date():
    assert page_ops.main(["--check"]) == 0, "run `make docs`"


def test_check_goes_red(tmp_path, monkeypatch):
    monkeypatch.setattr(page_ops, "PAGE", tmp_path / "ops.md")
    assert page_ops.main(["--check"]) == 1
    assert page_ops.main([]) == 0
    assert page_ops.main(["--check"]) == 0
    page_ops.PAGE.write_text(page_ops.PAGE.read_text(encoding="utf-8").replace("Σ", "S"), "utf-8")
    assert page_ops.main(["--check"]) == 1


def test_every_op_has_an_entry_with_an_equation():
    entries = {part.splitlines()[0]: part for part in page_ops.page().split("\n### ")[1:]}
    assert sorted(entries) == op_names()
    assert "y = Σ x" in entries["sum"]
    assert "xp.tanh(x)" in entries["tanh"]
    assert "nn.BatchNorm2d" in entries["batch_norm"]
