"""CIFAR's readers on files made here: pickles of both Pythons, binary, archives, and bad ones."""

import pickle
import tarfile

import numpy as np
import pytest

from minitorch_cv.data import CIFAR10, CIFAR100, DataLoader, transforms
from minitorch_cv.data.pickled import read_pickle

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 3072), dtype=np.uint8)
LABELS = [3, 1, 4, 1, 5, 9]


def write_pickles(folder, text=bytes, protocol=2, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    named = {"data": PIXELS, "labels": LABELS, "fine_labels": LABELS, **changes}
    content = {(k.encode() if text is bytes else k): v for k, v in named.items()}
    for name in [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch", "train", "test"]:
        (folder / name).write_bytes(pickle.dumps(content, protocol))
    return folder


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("text", [bytes, str])
def test_pickles_of_both_pythons(tmp_path, text, protocol):
    write_pickles(tmp_path / "cifar-10-batches-py", text, protocol)
    names = {b"label_names": [f"class {k}".encode() for k in range(10)]}
    (tmp_path / "cifar-10-batches-py" / "batches.meta").write_bytes(pickle.dumps(names, 2))
    train, test = CIFAR10(tmp_path), CIFAR10(tmp_path, train=False)
    assert len(train) == 30 and len(test) == 6 and train.classes[2] == "class 2"
    assert test.targets.tolist() == LABELS and test.data.shape == (6, 32, 32, 3)
    image, label = test[2]
    assert image.shape == (3, 32, 32) and image.dtype == np.float32 and label == 4
    np.testing.assert_allclose(image.reshape(-1), PIXELS[2] / 255, rtol=1e-6)
    batch, labels = next(iter(DataLoader(test, 4)))
    np.testing.assert_array_equal(batch.numpy()[2], image)
    assert labels.tolist() == LABELS[:4]


def test_binary_records_and_archives(tmp_path):
    rows = np.concatenate([np.uint8(LABELS)[:, None], PIXELS], 1)
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name in [f"data_batch_{k}.bin" for k in range(1, 6)] + ["test_batch.bin"]:
        (folder / name).write_bytes(rows.tobytes())
    names = [f"class{k}" for k in range(10)]
    (folder / "batches.meta.txt").write_text("\n".join(names) + "\n")
    (tmp_path / "packed").mkdir()
    with tarfile.open(tmp_path / "packed" / "cifar-10-binary.tar.gz", "w:gz") as archive:
        archive.add(folder, "cifar-10-batches-bin")
    for root in (tmp_path, folder, tmp_path / "packed"):
        dataset = CIFAR10(root)
        assert len(dataset) == 30 and dataset.classes == names
        np.testing.assert_array_equal(dataset.data[7].transpose(2, 0, 1).reshape(-1), PIXELS[1])
    fine = np.concatenate([np.zeros((6, 1), np.uint8), rows], 1)
    (tmp_path / "cifar-100-binary").mkdir()
    (tmp_path / "cifar-100-binary" / "test.bin").write_bytes(fine.tobytes())
    assert CIFAR100(tmp_path, train=False).targets.tolist() == LABELS


def test_a_hundred_fine_classes(tmp_path):
    write_pickles(tmp_path / "cifar-100-python", labels=[0] * 6)
    dataset = CIFAR100(tmp_path, transform=transforms.RandomCrop(28))
    assert dataset.targets.tolist() == LABELS and len(dataset.classes) == 100
    assert dataset[0][0].size == (28, 28)  # transforms get Pillow images


def test_a_part_is_read_with_a_warning_and_nothing_is_an_error(tmp_path):
    folder = write_pickles(tmp_path / "cifar-10-batches-py")
    for k in (2, 3, 4):
        (folder / f"data_batch_{k}").unlink()
    with pytest.warns(UserWarning, match="2 of the 5 files are there"):
        assert len(CIFAR10(tmp_path)) == 12
    with pytest.raises(FileNotFoundError, match="nothing is downloaded"):
        CIFAR10(tmp_path / "elsewhere")
    (folder / "test_batch").unlink()
    with pytest.raises(FileNotFoundError, match="test_batch is missing"):
        CIFAR10(tmp_path, train=False)


class Evil:
    def __reduce__(self):
        return (__import__("os").system, ("touch /tmp/should_not_be_there",))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": Evil()}, r"is refused: its pickle names posix.system"),
        ({"data": np.array([Evil()], object)}, "is refused"),
        ({"data": PIXELS[:, :9]}, "no uint8 array of 3072 columns"),
        ({"data": PIXELS.astype(float)}, "no uint8 array"),
        ({"labels": LABELS[:4]}, "6 photos and 4"),
        ({"labels": [*LABELS[:5], 10]}, "holds the class 10"),
        ({"labels": None}, "with a list under"),
    ],
)  # fmt: skip
def test_bad_pickles_are_refused_and_nothing_runs(tmp_path, changes, words):
    write_pickles(tmp_path / "cifar-10-batches-py", **changes)
    with pytest.raises(ValueError, match=words):
        CIFAR10(tmp_path, train=False)


@pytest.mark.parametrize("content", [b"", b"nothing", pickle.dumps(PIXELS)[:500], b"<html>"])
def test_damaged_files_are_refused(tmp_path, content):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "test_batch").write_bytes(content)
    with pytest.raises(ValueError, match="test_batch is no pickle, or a damaged one"):
        CIFAR10(tmp_path, train=False)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "test_batch.bin").write_bytes(content or b"1")
    with pytest.raises(ValueError, match="are no records of 3073 bytes"):
        CIFAR10(tmp_path / "bin", train=False)


def test_only_plain_things_are_read(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(pickle.dumps({"a": [1, 2.5, None, ("b", b"c")], "d": np.arange(3)}))
    with path.open("rb") as file:
        found = read_pickle(file, "x")
    assert found["a"] == [1, 2.5, None, ("b", b"c")] and found["d"].tolist() == [0, 1, 2]
