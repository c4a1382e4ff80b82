"""Features equal what the head gets; a cache hit runs no network; nothing stale is ever found."""

import copy

import numpy as np
import pytest

from minitorch_cv import from_numpy, models, nn, no_grad
from minitorch_cv.tasks.adaptation import FeatureCache, features, freeze, replace_head
from minitorch_cv.tasks.adaptation.probe import linear_probe
from minitorch_cv.tasks.errors import TaskError
from minitorch_cv.tasks.preprocessing import Preprocessing


class Counting(nn.Module):
    """Counts its calls, on all copies together."""

    calls = 0

    def forward(self, x):
        Counting.calls += 1
        return x


@pytest.fixture()
def counted(network):
    network.bn1 = nn.Sequential(network.bn1, Counting())
    Counting.calls = 0
    return network


def test_the_head_on_the_features_gives_the_scores(network, preprocessing, test):
    network.train()
    found = features(network, test.images, preprocessing)
    assert found.shape == (30, 8) and found.dtype == np.float32 and network.bn1.training
    with no_grad():
        scores = network.eval()(from_numpy(preprocessing.to_input(test.images))).numpy()
        from_features = network.linear(from_numpy(found)).numpy()
    assert np.abs(scores - from_features).max() < 1e-5
    assert not network.linear._forward_pre_hooks


def test_maps_before_a_convolution_are_averaged():
    model = nn.Sequential(nn.Conv2d(3, 5, 1), nn.Dropout(), nn.Conv2d(5, 2, 1), nn.Flatten())
    x = np.random.default_rng(0).uniform(size=(4, 3, 6, 6)).astype(np.float32)
    plain = Preprocessing((6, 6), (6, 6), "crop", (0.0,) * 3, (1.0,) * 3, "RGB")
    weight, bias = (p.detach().numpy() for p in model[0].parameters())
    wanted = x.mean(axis=(2, 3)) @ weight[:, :, 0, 0].T + bias
    assert np.abs(features(model, x, plain) - wanted).max() < 1e-5


def test_a_hit_skips_the_network(counted, preprocessing, test, tmp_path):
    cache = FeatureCache(tmp_path / "kept")
    first = cache.get(counted, test.images, preprocessing)
    calls = Counting.calls
    again = FeatureCache(tmp_path / "kept")
    second = again.get(copy.deepcopy(counted), test.images, preprocessing)
    assert calls > 0 and Counting.calls == calls
    assert (cache.computed, cache.found, again.computed, again.found) == (1, 0, 0, 1)
    assert np.array_equal(first, second)


def test_without_a_folder_nothing_is_kept(counted, preprocessing, test):
    cache = FeatureCache()
    cache.get(counted, test.images, preprocessing)
    cache.get(counted, test.images, preprocessing)
    assert cache.computed == 2 and Counting.calls == 2


def changed_weight(model, images, pre):
    with no_grad():
        model.conv1.weight[0, 0, 0, 0] += 1e-3
    return model, images, pre


def changed_statistics(model, images, pre):
    with no_grad():
        model.bn1.running_mean += 0.5
    return model, images, pre


def changed_image(model, images, pre):
    images = images.copy()
    images[3, 0, 0, 0] += 0.25
    return model, images, pre


CHANGES = {
    "a weight": changed_weight,
    "a running mean": changed_statistics,
    "a pixel": changed_image,
    "the order": lambda m, x, p: (m, x[::-1], p),
    "the mean": lambda m, x, p: (m, x, p._replace(mean=(0.4, 0.5, 0.5))),
    "the channels": lambda m, x, p: (m, x, p._replace(channels="BGR")),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_is_computed_anew(what, network, preprocessing, test, tmp_path):
    cache = FeatureCache(tmp_path)
    cache.get(network, test.images, preprocessing)
    model, images, pre = CHANGES[what](network, test.images, preprocessing)
    fresh = features(model, np.ascontiguousarray(images), pre)
    assert np.array_equal(cache.get(model, images, pre), fresh)
    assert (cache.computed, cache.found) == (2, 0)


def test_another_form_with_the_same_weights_is_another_network(preprocessing, test, tmp_path):
    cache = FeatureCache(tmp_path)
    image = test._replace(images=test.images[:2]).images
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    other = copy.deepcopy(model)
    other[1] = nn.Sigmoid()
    assert not np.array_equal(
        cache.get(model, image, preprocessing), cache.get(other, image, preprocessing)
    )


def test_a_setting_that_is_no_layer_counts(network, preprocessing, test, tmp_path):
    network.layer2[0].shortcut.before, network.layer2[0].shortcut.behind = 1, 1
    cache = FeatureCache(tmp_path)
    first = cache.get(network, test.images, preprocessing)
    network.layer2[0].shortcut.before, network.layer2[0].shortcut.behind = 2, 0
    assert not np.array_equal(cache.get(network, test.images, preprocessing), first)
    network.train()  # the mode is no setting: features are those of evaluation
    cache.get(network, test.images, preprocessing)
    assert (cache.computed, cache.found) == (2, 1)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_a_damaged_file_is_computed_anew_with_a_warning(
    damage, network, preprocessing, test, tmp_path
):
    cache = FeatureCache(tmp_path)
    good = cache.get(network, test.images, preprocessing)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[-5] ^= 0x10
    file.write_bytes({
        "cut": bytes(content[:-20]), "flip": bytes(content), "empty": b"", "text": b"<html>"
    }[damage])  # fmt: skip
    with pytest.warns(UserWarning, match="computed anew"):
        assert np.array_equal(cache.get(network, test.images, preprocessing), good)
    assert cache.computed == 2
    cache.get(network, test.images, preprocessing)
    assert cache.found == 1


def test_freezing_leaves_the_features_as_they_are(network, preprocessing, test):
    before = features(network, test.images, preprocessing)
    replace_head(freeze(network), 3)
    network.train()
    assert np.array_equal(features(network, test.images, preprocessing), before)


# The probe.


@pytest.mark.parametrize("kind", ["logistic", "svm"])
@pytest.mark.parametrize("classes", [2, 4])
def test_a_probe_scores_as_scikit_learn_does(kind, classes):
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    rng = np.random.default_rng(0)
    labels = np.arange(40) % classes * 3 + 1  # labels are any numbers
    x = rng.standard_normal((40, 5)) + labels[:, None] * rng.standard_normal(5)
    x[:, 2] = 7  # the same everywhere: no division by zero
    probe = linear_probe(x, labels, kind, C=0.5)
    scaled = (x - x.mean(axis=0)) / np.where(x.std(axis=0) < 1e-9, 1, x.std(axis=0))
    theirs = LogisticRegression(C=0.5, max_iter=2000) if kind == "logistic" else LinearSVC(
        C=0.5, max_iter=10000, random_state=0)  # fmt: skip
    theirs.fit(scaled, labels)
    assert np.array_equal(probe.predict(x), theirs.predict(scaled))
    wanted = theirs.decision_function(scaled)
    ours = probe.scores(x)
    assert np.abs((ours[:, 1] - ours[:, 0] if classes == 2 else ours) - wanted).max() < 1e-6
    assert probe.accuracy(x, labels) == np.mean(theirs.predict(scaled) == labels)


def test_a_missing_scikit_learn_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(TaskError, match="pip install scikit-learn"):
        linear_probe(np.eye(2), np.arange(2))


def test_what_a_probe_refuses():
    with pytest.raises(TaskError, match="there is no 'tree'"):
        linear_probe(np.eye(2), np.arange(2), "tree")
    with pytest.raises(TaskError, match="at least two classes"):
        linear_probe(np.eye(2), np.zeros(2))


def test_real_weights_keep_most_of_what_they_know(data_dir):
    from PIL import Image

    from minitorch_cv.tasks.adaptation import pretrained

    (weights,) = (data_dir / "resnet_cifar10").glob("resnet20*.th")
    model, preprocessing = pretrained("resnet20", str(weights))
    assert isinstance(model, models.CifarResNet)
    sheet = np.asarray(Image.open(data_dir / "cifar10" / "cifar10_batch_50.png").convert("RGB"))
    images = sheet.reshape(1000, 32, 32, 3).transpose(0, 3, 1, 2)[:300]
    labels = np.load(data_dir / "cifar10" / "labels.npy")[50_000:50_300]
    found = features(model, images, preprocessing)
    probe = linear_probe(found[:100], labels[:100], C=0.1)
    assert probe.accuracy(found[100:], labels[100:]) > 0.85
