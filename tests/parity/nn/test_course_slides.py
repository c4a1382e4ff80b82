"""The same slide under PyTorch and here: same weights, same outputs, same gradients."""

from pathlib import Path

import numpy as np
import pytest

import minitorch_cv as mt

torch = pytest.importorskip("torch")

SLIDES = Path(__file__).parents[2] / "nn" / "slides"


def run(name: str, ours: bool) -> dict:
    text = (SLIDES / f"{name}.txt").read_text()
    if ours:
        text = text.replace("import torch\n", "import minitorch_cv as torch\n")
        text = text.replace("import torch.nn", "import minitorch_cv.nn")
    names: dict = {"__name__": "slide"}
    exec(text, names)
    return names


@pytest.mark.parametrize(("slide", "size"), [("lenet", 32), ("resnet", 8)])
def test_slide_equals_pytorch(slide, size):
    theirs, ours = run(slide, False), run(slide, True)
    state = {key: value.numpy() for key, value in theirs["net"].state_dict().items()}
    assert list(ours["net"].state_dict()) == list(state)
    ours["net"].load_state_dict(state)
    assert repr(ours["net"]) == repr(theirs["net"])

    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3, size, size)).astype(np.float32)
    target = np.array([1, 0, 3, 9])
    for _ in range(2):
        mine, my_loss = ours["step"](mt.tensor(x), mt.tensor(target))
        true, true_loss = theirs["step"](torch.tensor(x), torch.tensor(target))
    np.testing.assert_allclose(mine.detach().numpy(), true.detach().numpy(), rtol=1e-4, atol=1e-5)
    assert my_loss.item() == pytest.approx(true_loss.item(), rel=1e-5)
    gradients = dict(theirs["net"].named_parameters())
    for name, param in ours["net"].named_parameters():
        expected = gradients[name].grad.numpy()
        np.testing.assert_allclose(
            param.grad.numpy(), expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max() + 1e-7,
            err_msg=name,
        )  # fmt: skip
    for name, buffer in ours["net"].named_buffers():
        expected = dict(theirs["net"].named_buffers())[name].numpy()
        np.testing.assert_allclose(buffer.numpy(), expected, rtol=1e-5, atol=1e-6, err_msg=name)
