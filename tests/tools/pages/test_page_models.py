"""docs/models.md is what tools/pages/page_models.py writes from the models of today."""

import page_models

from minitorch_cv import models


def test_the_page_is_up_to_date():
    assert page_models.main(["--check"]) == 0, "run `make docs`"


def test_check_goes_red(tmp_path, monkeypatch):
    monkeypatch.setattr(page_models, "PAGE", tmp_path / "models.md")
    assert page_models.main(["--check"]) == 1
    assert page_models.main([]) == 0
    assert page_models.main(["--check"]) == 0
    text = page_models.PAGE.read_text(encoding="utf-8")
    page_models.PAGE.write_text(text.replace("11 689 512", "11 689 513"), "utf-8")
    assert page_models.main(["--check"]) == 1


def test_every_model_has_a_row_and_every_family_its_paper():
    page = page_models.page()
    for name in models.list_models():
        assert page.count(f"| `{name}` |") == 1, name
    for part in page.split("\n## ")[1:]:
        assert "Source: " in part and "What differs from" in part, part[:60]
