"""Models by name, and weights from a file."""

import inspect

import numpy as np
import pytest
from safetensors.numpy import save_file

import minitorch_cv as mt
from minitorch_cv import models, nn
from minitorch_cv.models.registry import options_of

SMALL = {"num_classes": 3}


def values(model):
    return {key: value.numpy() for key, value in model.state_dict().items()}


def test_every_model_has_a_constructor_of_its_name_and_a_row():
    assert models.list_models() == sorted(models.list_models())
    for name in models.list_models():
        assert isinstance(models.published(name), models.Published)
        assert len(models.meaning(name)) > 10
        if name != "lenet":
            build = getattr(models, name)
            assert build.__doc__ and list(inspect.signature(build).parameters) == [
                "weights", "progress", "kwargs",
            ]  # fmt: skip


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet20", "lenet"])
@pytest.mark.parametrize("kind", ["npz", "safetensors"])
def test_weights_from_a_file(tmp_path, name, kind):
    source = models.get_model(name, **SMALL)
    path = tmp_path / f"weights.{kind}"
    if kind == "npz":
        np.savez(path, **values(source))
    else:
        save_file(values(source), path)
    loaded = models.get_model(name, weights=path, **SMALL)
    for key, value in values(source).items():
        np.testing.assert_array_equal(values(loaded)[key], value, err_msg=key)
    assert models.get_model(name, weights=str(path), **SMALL).training


@pytest.mark.parametrize(
    ("name", "heads"),
    [("googlenet", ("aux_logits", "aux1")), ("inception_v3", ("aux_logits", "AuxLogits"))],
)
def test_auxiliary_heads_with_weights(tmp_path, name, heads, monkeypatch):
    monkeypatch.setattr(nn.init, "trunc_normal_", lambda tensor, *args, **kwargs: tensor)
    path = tmp_path / "weights.npz"
    np.savez(path, **values(getattr(models, name)(num_classes=4)))
    flag, head = heads
    without = getattr(models, name)(weights=path, num_classes=4, aux_logits=False)
    assert not getattr(without, flag) and getattr(without, head) is None and without.transform_input
    with_heads = getattr(models, name)(
        weights=path, num_classes=4, aux_logits=True, transform_input=False
    )
    assert getattr(with_heads, head) is not None and not with_heads.transform_input
    np.savez(path, **values(without))
    again = getattr(models, name)(weights=path, num_classes=4, aux_logits=False)
    assert getattr(again, head) is None


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        (True, TypeError, "expects the path of a state dict"),
        ("DEFAULT", FileNotFoundError, "no file 'DEFAULT'; nothing is downloaded"),
        ("weights.pth", FileNotFoundError, "no file 'weights.pth'; nothing is downloaded"),
        ("absent.npz", FileNotFoundError, "no file 'absent.npz'; nothing is downloaded"),
    ],
)
def test_weights_refused(weights, error, words):
    with pytest.raises(error, match=words):
        models.resnet20(weights=weights)


def test_weights_of_another_model_change_nothing(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, **values(models.resnet20(num_classes=7)))
    with pytest.raises(ValueError, match="linear.weight"):
        models.resnet20(weights=path)


@pytest.mark.parametrize(
    ("name", "options", "error", "words"),
    [
        ("resnet19", {}, ValueError, "did you mean resnet1"),
        ("resnet18", {"depth": 3}, TypeError, "resnet18 has no option depth; it has .*num_classes"),
        ("wide_resnet50_2", {"width_per_group": 64}, ValueError, "has width_per_group=128"),
    ],
)
def test_get_model_refuses(name, options, error, words):
    with pytest.raises(error, match=words):
        models.get_model(name, **options)
    with pytest.raises(ValueError, match="no model is called"):
        models.published("resnet19")


def test_options_are_those_of_the_class():
    assert "zero_init_residual" in options_of("resnet18")
    assert options_of("lenet") == ["num_classes", "in_channels", "image_size"]
    assert "weights" not in options_of("vgg11")


def test_weights_start_from_the_seed():
    found = []
    for _ in range(2):
        mt.manual_seed(3)
        found.append(values(models.resnet20()))
    assert all((found[0][key] == found[1][key]).all() for key in found[0])
