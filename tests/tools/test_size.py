"""tools/size.py counts lines by what they are, and fits a terminal."""

import house
import size

TEXT = '''"""Module
words."""

x = 1  # code

# a comment
def f():
    """One line."""
    return """not
    a docstring"""
'''


def test_lines_of_a_file(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(TEXT, encoding="utf-8")
    assert size.lines_of(path) == size.Lines(files=1, code=4, doc=3, comment=1, blank=2)


def test_lines_of_cuda(tmp_path):
    path = tmp_path / "a.cu"
    path.write_text("// words\n\n/* more\n * words */\nint x;\n", encoding="utf-8")
    assert size.lines_of(path) == size.Lines(files=1, code=1, doc=0, comment=3, blank=1)


def test_report_fits_eighty_columns():
    lines = size.report(house.ROOT).splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines[1:4]] == ["kernels", "backend", "ops"]
