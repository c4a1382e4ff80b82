"""Code as it stands on course slides, written for PyTorch, with its import lines changed alone."""

from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt

SLIDES = Path(__file__).parent / "slides"
IMPORTS = {
    "import torch": "import minitorch_cv as torch",
    "import torch.nn as nn": "import minitorch_cv.nn as nn",
    "import torch.nn.functional as F": "import minitorch_cv.nn.functional as F",
}


def run_slide(name: str) -> dict:
    lines = (SLIDES / f"{name}.txt").read_text().splitlines()
    names: dict = {"__name__": "slide"}
    exec("\n".join(IMPORTS.get(line, line) for line in lines), names)
    return names


@pytest.mark.parametrize(("slide", "size"), [("lenet", 32), ("resnet", 8)])
def test_slide_learns(slide, size):
    mt.manual_seed(1)
    names = run_slide(slide)
    net = names["net"]
    rng = np.random.default_rng(0)
    x = mt.tensor(rng.normal(size=(4, 3, size, size)).astype(np.float32))
    target = mt.tensor([1, 0, 3, 9])
    losses = []
    for _ in range(10):
        output, loss = names["step"](x, target)
        losses.append(loss.item())
        with mt.no_grad():
            for param in net.parameters():
                param -= 0.2 * param.grad
    assert output.shape == (4, 10)
    assert losses[-1] < losses[0] - 0.1


def test_identity_shortcut_is_an_empty_sequential():
    block = run_slide("resnet")["ResBlock"](4, 4).double()
    assert len(block.shortcut) == 0
    x = mt.randn(2, 4, 5, 5, dtype=mt.float64)
    expected = mt.relu(block.left(x) + x)
    assert mt.allclose(block(x), expected)


def test_only_import_lines_differ():
    for path in SLIDES.glob("*.txt"):
        text = path.read_text().splitlines()
        assert [line for line in text if line.startswith(("import", "from"))] == list(IMPORTS)
