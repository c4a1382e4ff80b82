"""`parts_of`: one name leads to all parts of an op."""

import pytest

from minitorch_cv.ops.catalog import op_names
from minitorch_cv.testing import parts


def test_parts_of_an_op_with_a_file():
    found = parts.parts_of("conv2d")
    assert found["op"].startswith("minitorch_cv/ops/conv/conv.py:")
    assert found["function"] == "nn.functional.conv1d, nn.functional.conv2d, nn.functional.conv3d"
    assert found["layer"] == "nn.Conv1d, nn.Conv2d, nn.Conv3d"
    assert found["benchmark"].startswith("benchmarks/ops.py:")
    assert found["docs"].startswith("docs/ops.md:")


def test_parts_of_a_row_of_a_table():
    found = parts.parts_of("relu")
    path, line = found["op"].split(":")
    text = (parts.checkout() / path).read_text(encoding="utf-8").splitlines()
    assert 'unary("relu"' in text[int(line) - 1]
    assert found["forward"] == found["backward"] == found["reference"] == found["op"]


@pytest.mark.parametrize(
    "name, layers",
    [
        ("batch_norm", "nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d"),
        ("mse_loss", "nn.MSELoss"),
        ("leaky_relu", "nn.LeakyReLU"),
        ("softmax", "nn.Softmax, nn.Softmax2d"),
        ("sum", None),
    ],
)
def test_layers(name, layers):
    assert parts.parts_of(name)["layer"] == layers


def test_lines_are_those_of_the_functions():
    found = parts.parts_of("sum")
    for part in ("forward", "backward", "reference"):
        path, line = found[part].split(":")
        text = (parts.checkout() / path).read_text(encoding="utf-8").splitlines()
        assert text[int(line) - 1].startswith(f"def {part}(")


def test_without_a_checkout_the_package_answers_alone(monkeypatch):
    monkeypatch.setattr(parts, "checkout", lambda: None)
    found = parts.parts_of("matmul")
    assert found["op"] is not None
    assert found["tests"] is found["benchmark"] is found["docs"] is None


def test_every_op_can_be_asked_for():
    keys = {tuple(parts.parts_of(name)) for name in op_names()}
    assert len(keys) == 1


def test_an_unknown_op_is_refused_with_the_nearest_names():
    with pytest.raises(ValueError, match="did you mean conv2d"):
        parts.parts_of("conv2")
