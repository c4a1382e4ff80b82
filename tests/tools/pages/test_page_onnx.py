"""docs/onnx.md is what tools/pages/page_onnx.py writes from the cases and mappings of today."""

import page_onnx
import pytest
from reader import FOLDER


@pytest.fixture(autouse=True)
def _cases(data_dir):
    if not FOLDER.is_dir():
        pytest.skip(f"shared data is missing ({FOLDER})")


def test_the_page_is_up_to_date():
    assert page_onnx.main(["--check"]) == 0, "run `python tools/pages/page_onnx.py`"


def test_check_goes_red(tmp_path, monkeypatch):
    text = page_onnx.page()
    monkeypatch.setattr(page_onnx, "page", lambda: text)
    monkeypatch.setattr(page_onnx, "PAGE", tmp_path / "onnx.md")
    assert page_onnx.main(["--check"]) == 1
    assert page_onnx.main([]) == 0
    assert page_onnx.main(["--check"]) == 0
    page_onnx.PAGE.write_text(text.replace("`F.conv2d`", "`F.linear`"), encoding="utf-8")
    assert page_onnx.main(["--check"]) == 1


def test_every_case_has_a_row():
    rows = [line.split(" | ")[0][2:] for line in page_onnx.page().splitlines() if " | " in line]
    names = [f"test_{row}" for row in rows]
    assert all(names.count(name) == 1 for name in page_onnx.read_cases())
