"""What `describe`, `explain` and `minitorch-cv weights` say."""

import numpy as np
import pytest

from minitorch_cv import interop, nn
from minitorch_cv.cli import main


@pytest.fixture()
def file(words, zipped):
    raw = np.ones(6, "<f4").tobytes()
    storage = words.storage("FloatStorage", "0", 6)
    state = {
        "module.linear.weight": words.tensor(storage, 0, (2, 3), (3, 1)),
        "module.linear.bias": words.tensor(storage, 0, (2,), (1,)),
    }
    return zipped(words.dict(state_dict=words.dict(**state), epoch=b"K\x03"), {"0": raw})


def test_describe(file):
    lines = interop.describe(file).splitlines()
    assert lines[0] == f"{file}: torch zip, 2 tensors, 8 parameters"
    assert lines[1].split() == ["module.linear.weight", "2", "×", "3", "float32"]
    assert lines[-2:] == ["  entry state_dict: dict of 2", "  entry epoch: 3"]


def test_explain_without_a_model(file):
    text = interop.explain(file)
    assert text.startswith("DataParallel (2 names): networks trained on several GPUs")
    assert "linear → fc (2 names)" in text
    assert ["linear.bias", "→", "fc.bias"] in [line.split() for line in text.splitlines()]


def test_explain_for_a_model(file):
    class Net(nn.Module):
        def __init__(self, outputs):
            super().__init__()
            self.fc = nn.Linear(3, outputs)

    text = interop.explain(file, Net(2))
    assert "map: DataParallel" in text
    assert "map: linear → fc" in text
    assert text.endswith("Net: everything fits")
    text = interop.explain(file, nn.Sequential(nn.Linear(3, 2)))
    assert "missing: 0.weight" in text
    assert text.endswith("4 names do not fit")


def test_nothing_to_explain(tmp_path):
    interop.save({"w": np.ones(2)}, tmp_path / "w.npz")
    assert "no key map knows" in interop.explain(tmp_path / "w.npz")


def test_the_command(file, capsys, tmp_path):
    assert main(["weights", str(file), "--explain"]) == 0
    out = capsys.readouterr().out
    assert "torch zip, 2 tensors" in out
    assert "DataParallel" in out
    assert main(["weights", str(file), "--model", "lenet"]) == 0
    assert "names do not fit" in capsys.readouterr().out
    (tmp_path / "page.pth").write_text("<html>404</html>")
    for arguments in ([str(tmp_path / "page.pth")], [str(file), "--model", "lenett"],
                      [str(file), "--entry", "none"], [str(tmp_path / "none.pth")]):  # fmt: skip
        assert main(["weights", *arguments]) == 2
        out, err = capsys.readouterr()
        assert err.startswith("minitorch-cv: error: ")
        assert err.count("\n") == 1


def test_names_are_printed_short_and_without_control_characters(tmp_path):
    state = {"\x1b[2J\n" + "w" * 5000: np.ones(2), "ö": np.ones(2)}
    interop.save(state, tmp_path / "w.safetensors")
    for text in (interop.describe(tmp_path / "w.safetensors"),
                 interop.explain(tmp_path / "w.safetensors", nn.Linear(2, 2))):  # fmt: skip
        assert "\x1b" not in text
        assert max(map(len, text.splitlines())) < 400
        assert "ö" in text
