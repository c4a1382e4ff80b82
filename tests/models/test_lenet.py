"""LeNet-5: shapes, parameters, names, learning."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import models, nn
from minitorch_cv.models import LeNet5

SHAPES = {
    "conv1.weight": (6, 1, 5, 5), "conv1.bias": (6,), "conv2.weight": (16, 6, 5, 5),
    "conv2.bias": (16,), "fc1.weight": (120, 400), "fc1.bias": (120,), "fc2.weight": (84, 120),
    "fc2.bias": (84,), "fc3.weight": (10, 84), "fc3.bias": (10,),
}  # fmt: skip


def images(count, size, channels=1):
    rng = np.random.default_rng(0)
    return mt.tensor(rng.random((count, channels, size, size), dtype=np.float32))


def count_of(model):
    return sum(p.numel() for p in model.parameters())


def test_has_61706_parameters_under_the_names_everybody_uses():
    model = LeNet5()
    assert count_of(model) == 61706
    assert {name: p.shape for name, p in model.named_parameters()} == SHAPES
    assert count_of(LeNet5(image_size=28)) == 61706


@pytest.mark.parametrize("size", [32, 28])
def test_scores_have_one_column_for_each_class(size):
    scores = LeNet5(image_size=size)(images(3, size))
    assert scores.shape == (3, 10) and scores.dtype == mt.float32
    assert LeNet5(4, 3, size)(images(2, size, 3)).shape == (2, 4)


def test_28_equals_32_with_a_border_of_zeros():
    mt.manual_seed(0)
    small, large = LeNet5(image_size=28), LeNet5()
    large.load_state_dict(small.state_dict())
    x = images(2, 28)
    padded = mt.tensor(np.pad(x.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2))))
    np.testing.assert_allclose(
        small(x).detach().numpy(), large(padded).detach().numpy(), rtol=1e-5, atol=1e-6
    )


def test_the_children_in_order_are_the_forward_pass():
    mt.manual_seed(0)
    model, x = LeNet5(), images(2, 32)
    y, shapes = x, []
    for layer in model.children():
        y = layer(y)
        shapes.append(tuple(y.shape[1:]))
    assert y.tolist() == model(x).tolist()
    assert shapes == [
        (6, 28, 28), (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 10, 10), (16, 5, 5), (400,),
        (120,), (120,), (84,), (84,), (10,),
    ]  # fmt: skip


def test_learns_a_batch_by_heart():
    mt.manual_seed(0)
    model, x = LeNet5(), images(16, 32)
    labels = mt.tensor(np.arange(16) % 10)
    optimizer, loss_of = mt.optim.Adam(model.parameters(), lr=3e-3), nn.CrossEntropyLoss()
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = loss_of(model(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 2 and losses[-1] < 0.1


def test_refuses_other_sizes():
    with pytest.raises(ValueError, match="image_size is 32 or 28"):
        LeNet5(image_size=64)
    with pytest.raises(ValueError):
        LeNet5()(images(1, 28))
    with pytest.raises(ValueError):
        LeNet5()(images(1, 32, channels=3))


def test_models_by_name():
    assert "lenet" in models.list_models() and models.list_models() == sorted(models.list_models())
    model = models.get_model("lenet", num_classes=3, image_size=28)
    assert isinstance(model, LeNet5) and model(images(1, 28)).shape == (1, 3)


@pytest.mark.parametrize(
    ("name", "options", "error", "words"),
    [
        ("lenett", {}, ValueError, "did you mean lenet"),
        ("zzz", {}, ValueError, r"list_models\(\) names them"),
        ("lenet", {"depth": 3}, TypeError, "no option depth; it has num_classes"),
    ],
)
def test_get_model_refuses(name, options, error, words):
    with pytest.raises(error, match=words):
        models.get_model(name, **options)
