"""LeNet-5: ten steps of SGD with momentum, from the same weights on the same batches."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import nn

torch = pytest.importorskip("torch")
torch.set_num_threads(1)


class TorchLeNet5(torch.nn.Module):
    def __init__(self, padding):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 5, padding=padding)
        self.conv2 = torch.nn.Conv2d(6, 16, 5)
        self.fc1 = torch.nn.Linear(400, 120)
        self.fc2 = torch.nn.Linear(120, 84)
        self.fc3 = torch.nn.Linear(84, 10)

    def forward(self, x):
        x = torch.nn.functional.max_pool2d(self.conv1(x).relu(), 2)
        x = torch.nn.functional.max_pool2d(self.conv2(x).relu(), 2)
        x = torch.flatten(x, 1)
        return self.fc3(self.fc2(self.fc1(x).relu()).relu())


def pair(size):
    """The two models with the weights that PyTorch drew."""
    torch.manual_seed(0)
    theirs = TorchLeNet5(2 if size == 28 else 0)
    ours = mt.models.LeNet5(image_size=size)
    ours.load_state_dict({k: mt.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    return ours, theirs


def batches(size, count=10, batch=32):
    rng = np.random.default_rng(1)
    for _ in range(count):
        yield rng.random((batch, 1, size, size), np.float32), rng.integers(0, 10, batch)


@pytest.mark.parametrize("size", [32, 28])
def test_scores_and_gradients(size):
    ours, theirs = pair(size)
    x, labels = next(batches(size))
    scores, expected = ours(mt.tensor(x)), theirs(torch.tensor(x))
    np.testing.assert_allclose(scores.detach().numpy(), expected.detach().numpy(), atol=1e-5)
    nn.CrossEntropyLoss()(scores, mt.tensor(labels)).backward()
    torch.nn.CrossEntropyLoss()(expected, torch.tensor(labels)).backward()
    gradients = dict(theirs.named_parameters())
    for name, p in ours.named_parameters():
        np.testing.assert_allclose(
            p.grad.numpy(), gradients[name].grad.numpy(), atol=1e-5, err_msg=name
        )


@pytest.mark.parametrize("size", [32, 28])
def test_ten_steps(size):
    ours, theirs = pair(size)
    options = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4}
    mine = mt.optim.SGD(ours.parameters(), **options)
    other = torch.optim.SGD(theirs.parameters(), **options)
    start = {name: p.detach().numpy().copy() for name, p in ours.named_parameters()}
    for x, labels in batches(size):
        mine.zero_grad()
        nn.CrossEntropyLoss()(ours(mt.tensor(x)), mt.tensor(labels)).backward()
        mine.step()
        other.zero_grad()
        torch.nn.CrossEntropyLoss()(theirs(torch.tensor(x)), torch.tensor(labels)).backward()
        other.step()
    expected = dict(theirs.named_parameters())
    for name, p in ours.named_parameters():
        moved = np.abs(p.detach().numpy() - start[name]).max()
        assert moved > 1e-3, f"{name} has hardly moved"
        np.testing.assert_allclose(
            p.detach().numpy(), expected[name].detach().numpy(), atol=1e-5, err_msg=name
        )
