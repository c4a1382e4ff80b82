"""MNIST's reader on files made here: good ones, and every kind of bad one."""

import gzip
import hashlib

import numpy as np
import pytest

from minitorch_cv.data import MNIST, DataLoader, idx, transforms
from minitorch_cv.data.mnist import FILES

IMAGES, LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"


def idx_bytes(array):
    array = np.asarray(array, np.uint8)
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return (0x0800 + array.ndim).to_bytes(4, "big") + sizes + array.tobytes()


def digits(count=12):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 28, 28), np.uint8), np.arange(count, dtype=np.uint8) % 10


def write(folder, images=None, labels=None, packed=True):
    """A training pair in a folder: `images` and `labels` are arrays or the bytes of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    defaults = digits()
    for name, value, default in zip((IMAGES, LABELS), (images, labels), defaults, strict=True):
        value = default if value is None else value
        content = value if isinstance(value, bytes) else idx_bytes(value)
        if packed and not isinstance(value, bytes):
            content = gzip.compress(content)
        (folder / (name if packed else name[:-3])).write_bytes(content)
    return folder


@pytest.mark.parametrize("place", [".", "MNIST/raw"])
@pytest.mark.parametrize("packed", [True, False])
def test_reads_what_was_written(tmp_path, place, packed):
    write(tmp_path / place, packed=packed)
    images, labels = digits()
    dataset = MNIST(tmp_path)
    assert len(dataset) == 12 and dataset.images.shape == (12, 1, 28, 28)
    assert dataset.images.dtype == np.float32 and dataset.targets.dtype == np.int64
    np.testing.assert_allclose(dataset.images[:, 0], images / 255, rtol=1e-6)
    image, label = dataset[3]
    assert image.shape == (1, 28, 28) and image.dtype == np.float32 and label == labels[3]
    np.testing.assert_allclose(image[0], images[3] / 255, rtol=1e-6)
    batch, targets = next(iter(DataLoader(dataset, 4)))
    assert batch.shape == (4, 1, 28, 28) and batch.dtype == np.float32
    np.testing.assert_array_equal(batch.numpy()[3], image)
    assert targets.tolist() == labels[:4].tolist()


def test_a_transform_gets_bytes_as_torchvision_gives_them(tmp_path):
    write(tmp_path)
    steps = [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,)), transforms.Pad(2)]
    image, _ = MNIST(tmp_path, transform=transforms.Compose(steps))[1]
    assert image.shape == (1, 32, 32)
    expected = (digits()[0][1] / 255 - 0.1307) / 0.3081
    np.testing.assert_allclose(image[0, 2:30, 2:30], expected, rtol=1e-4, atol=1e-5)


def test_missing_files_are_listed_with_the_places_looked_at(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing is downloaded") as caught:
        MNIST(tmp_path, train=False)
    text = str(caught.value)
    assert all(name in text for name in FILES) and text.startswith("mnist: t10k-images")
    assert str(tmp_path) in text and str(tmp_path / "MNIST" / "raw") in text


def packed(array):
    return gzip.compress(idx_bytes(array))


GOOD = packed(digits()[0])
BAD_FILES = {
    "empty": (b"", "is empty"),
    "page": (b"\n<!DOCTYPE html><html><body>404", "is an HTML page"),
    "page in gzip": (gzip.compress(b"<html>" + b" " * 99), "is an HTML page"),
    "zip": (b"PK\x03\x04" + bytes(90), "neither gzip nor idx"),
    "labels": (packed(digits()[1]), "idx file of labels: magic number 2049, expected 2051"),
    "magic": (gzip.compress(b"\x00\x00\x0d\x03" + bytes(99)), "magic number 3331, expected 2051"),
    "cut stream": (GOOD[: len(GOOD) // 2], "is truncated: the gzip stream stops"),
    "cut header": (gzip.compress(idx_bytes(digits()[0])[:9]), "its header has 9 bytes"),
    "cut values": (
        gzip.compress(idx_bytes(digits()[0])[:-5]), "truncated: 9403 of the 9408 values",
    ),
    "surplus": (gzip.compress(idx_bytes(digits()[0]) + b"!"), "goes on after the 9408 values"),
    "checksum": (GOOD[:-8] + b"\1\2\3\4" + GOOD[-4:], "is damaged: CRC"),
    "stream": (GOOD[:200] + b"\xff" * 40 + GOOD[240:], "is damaged"),
    "other size": (packed(np.zeros((3, 32, 32))), r"array of shape \(3, 32, 32\)"),
    "no images": (packed(np.zeros((0, 28, 28))), r"array of shape \(0, 28, 28\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_by_name_size_and_checksum(tmp_path, case):
    content, words = BAD_FILES[case]
    write(tmp_path, images=content)
    with pytest.raises(ValueError, match=words) as caught:
        MNIST(tmp_path)
    text = str(caught.value)
    assert text.startswith(f"idx: {IMAGES} ") and f"{len(content)} bytes on disk" in text
    assert "(60000, 28, 28), 47040016 bytes" in text and FILES[IMAGES].md5 in text


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    (tmp_path / IMAGES).mkdir()
    (tmp_path / LABELS).write_bytes(packed(digits()[1]))
    with pytest.raises(ValueError, match="is not a file"):
        MNIST(tmp_path)


def test_a_header_that_promises_too_much_is_not_believed(tmp_path):
    header = (0x0803).to_bytes(4, "big") + (2**32 - 1).to_bytes(4, "big") + bytes([0, 0, 0, 28] * 2)
    write(tmp_path, images=gzip.compress(header + bytes(1000)))
    with pytest.raises(ValueError, match="4294967295, 28, 28"):
        MNIST(tmp_path)


def test_no_more_is_unpacked_than_the_header_promises(tmp_path, monkeypatch):
    """A bomb: 64 MB of zeros behind a header of two images."""
    write(tmp_path, images=gzip.compress(idx_bytes(np.zeros((2, 28, 28))) + bytes(2**26)))
    asked = []
    read = gzip.GzipFile.read

    def spy(file, size=-1):
        asked.append(size)
        return read(file, size)

    monkeypatch.setattr(idx.gzip.GzipFile, "read", spy)
    with pytest.raises(ValueError, match="goes on after the 1568 values"):
        MNIST(tmp_path)
    assert asked == [16, 1568, 1]


def test_images_and_labels_must_belong_together(tmp_path):
    write(tmp_path, labels=np.zeros(11))
    with pytest.raises(ValueError, match="12 images and 11 labels"):
        MNIST(tmp_path)


def test_labels_above_nine_are_refused(tmp_path):
    write(tmp_path, labels=np.full(12, 10))
    with pytest.raises(ValueError, match="holds the label 10"):
        MNIST(tmp_path)


def test_verify_refuses_another_content_and_takes_the_right_one(tmp_path, monkeypatch):
    write(tmp_path)
    MNIST(tmp_path)  # the structure is right
    with pytest.raises(ValueError, match="has another content: md5"):
        MNIST(tmp_path, verify=True)
    for name, array in zip((IMAGES, LABELS), digits(), strict=True):
        md5 = hashlib.md5(idx_bytes(array)).hexdigest()
        monkeypatch.setitem(FILES, name, FILES[name]._replace(md5=md5))
    assert len(MNIST(tmp_path, verify=True)) == 12


@pytest.mark.parametrize(("train", "size", "mean"), [(True, 60000, 0.1307), (False, 10000, 0.1325)])
def test_the_real_files_are_the_originals(data_dir, train, size, mean):
    dataset = MNIST(data_dir / "mnist", train=train, verify=True)
    assert len(dataset) == size and dataset.data.shape == (size, 28, 28)
    assert abs(dataset.data.mean() / 255 - mean) < 5e-5  # the mean that everybody normalises by
    first = [5, 0, 4, 1, 9] if train else [7, 2, 1, 0, 4]
    assert dataset.targets[:5].tolist() == first
