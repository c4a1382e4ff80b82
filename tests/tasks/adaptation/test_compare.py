"""The comparison: the same examples for all methods, a table, a CSV file and a picture."""

import csv
import io

import numpy as np
import pytest
from PIL import Image

from minitorch_cv.models import CifarResNet
from minitorch_cv.tasks.adaptation import (
    Comparison,
    FeatureCache,
    Plan,
    Tuning,
    compare_adaptation,
    features,
    linear_probe,
)
from minitorch_cv.tasks.adaptation.compare import METHODS, choose
from minitorch_cv.tasks.adaptation.source import pretrained, with_channels
from minitorch_cv.tasks.adaptation.table import Row
from minitorch_cv.tasks.errors import TaskError

SHORT = Tuning(steps=12, batch_size=9, lr=0.05, head_lr=0.2)


def fresh():
    return CifarResNet([1, 1, 1], num_classes=3, widths=(4, 6, 8))


def test_all_methods_and_files(network, preprocessing, train, test, tmp_path):
    plan = Plan((2, 5), (0, 1), tuple(METHODS), SHORT, SHORT)
    before = {name: v.numpy().copy() for name, v in network.state_dict().items()}
    cache, rows = FeatureCache(tmp_path / "kept"), []
    result = compare_adaptation(
        network, fresh, train, test, preprocessing, plan, cache, rows.append
    )
    assert tuple(rows) == result.rows and len(rows) == 2 * 2 * len(METHODS)
    assert (cache.computed, cache.found) == (3, 0)  # the test images, and those of each seed
    after = {name: v.numpy() for name, v in network.state_dict().items()}
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert all(p.requires_grad for p in network.parameters())

    md, table, picture = result.write(tmp_path / "out", "a title")
    lines = md.read_text().splitlines()
    assert lines[0] == "| examples per class | " + " | ".join(METHODS) + " |"
    assert len(lines) == 4 and lines[2].startswith("| 2 | ") and " ± " in lines[2]
    runs = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [float(r["accuracy"]) for r in runs] == [round(r.accuracy, 4) for r in rows]
    with Image.open(picture) as image:
        assert image.size[0] > 600 and len(np.unique(np.asarray(image.convert("L")))) > 20

    again = FeatureCache(tmp_path / "kept")
    plan = Plan((2, 5), (0, 1), ("probe",), SHORT, SHORT)
    repeated = compare_adaptation(network, fresh, train, test, preprocessing, plan, again)
    assert (again.computed, again.found) == (0, 3)
    wanted = [row.accuracy for row in rows if row.method == "probe"]
    assert [row.accuracy for row in repeated.rows] == wanted


def test_a_cell_is_the_probe_on_the_chosen_examples(network, preprocessing, train, test):
    plan = Plan((4,), (7,), ("probe",), C=0.5)
    (row,) = compare_adaptation(network, fresh, train, test, preprocessing, plan).rows
    index = choose(train.labels, 3, 4, 7).ravel()
    probe = linear_probe(
        features(network, train.images[index], preprocessing), train.labels[index], C=0.5
    )
    known = features(network, test.images, preprocessing)
    assert row.accuracy == probe.accuracy(known, test.labels)


def test_the_same_seeds_give_the_same_table(network, preprocessing, train, test):
    plan = Plan((2,), (3, 4), ("scratch", "head", "fine-tune"), SHORT, SHORT)
    first, second = (
        compare_adaptation(network, fresh, train, test, preprocessing, plan) for _ in range(2)
    )
    assert first.markdown() == second.markdown()
    assert [row[:4] for row in first.rows] == [row[:4] for row in second.rows]
    assert len({row.accuracy for row in first.rows}) > 2


def test_examples_are_nested_and_of_their_class():
    labels = np.random.default_rng(0).integers(0, 4, 200)
    few, many = choose(labels, 4, 3, 1), choose(labels, 4, 20, 1)
    assert np.array_equal(few, many[:, :3])
    assert (labels[many] == np.arange(4)[:, None]).all() and len(np.unique(many)) == 80
    assert not np.array_equal(many, choose(labels, 4, 20, 2))
    with pytest.raises(TaskError, match="class 0 has .* 1000 are wanted"):
        choose(labels, 4, 1000, 0)


def test_the_table_has_means_and_deviations():
    rows = [Row("probe", 1, s, a, 0.1) for s, a in enumerate((0.5, 0.7))]
    result = Comparison((*rows, Row("scratch", 2, 0, 0.25, 0.1)), 10, 100)
    assert result.markdown().splitlines() == [
        "| examples per class | probe | scratch |",
        "| ---: | ---: | ---: |",
        "| 1 | 60.0 ± 14.1 | – |",
        "| 2 | – | 25.0 |",
    ]
    assert result.csv().splitlines()[1] == "probe,1,0,0.5000,0.10"


@pytest.mark.parametrize("wrong", [
    {"methods": ("magic",)}, {"methods": ()}, {"seeds": ()}, {"per_class": (0,)},
])  # fmt: skip
def test_plans_that_make_no_sense(wrong):
    with pytest.raises(TaskError, match="adapt"):
        Plan(**wrong)


def test_channels():
    grey = np.random.default_rng(0).integers(0, 255, (2, 1, 3, 4), np.uint8)
    colour = with_channels(grey, 3)
    assert colour.shape == (2, 3, 3, 4) and colour.dtype == np.uint8
    assert (colour == grey).all() and with_channels(colour, 3) is colour
    assert np.abs(with_channels(colour, 1) - grey / 255).max() < 1e-6


def test_a_checkpoint_brings_its_own_input(settings, new_trainer, tmp_path):
    trainer = new_trainer(settings, tmp_path)
    trainer.save()
    model, preprocessing = pretrained("lenet", str(trainer.folder.checkpoint))
    assert preprocessing == trainer.preprocessing and not model.training
    with pytest.raises(TaskError, match="is a checkpoint of lenet"):
        pretrained("resnet20", str(trainer.folder.checkpoint))
    with pytest.raises(TaskError):
        pretrained("lenet", str(tmp_path / "none.th"))
