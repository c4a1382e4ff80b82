"""PyTorch's three formats, from files put together by hand."""

import io
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from minitorch_cv import interop
from minitorch_cv.interop import WeightsError

NUMBERS = np.arange(6, dtype="<f4")


@pytest.fixture()
def one(words):
    """The words of {"w": 2 × 3 tensor} on storage "0"."""
    storage = words.storage("FloatStorage", "0", 6)
    return words.dict(w=words.tensor(storage, 0, (2, 3), (3, 1)))


@pytest.fixture()
def one_streamed(words):
    """The same as old files had it, with the view's place at the end of the storage's id."""
    storage = words.storage("FloatStorage", "0", 6, words.of(None))
    return words.dict(w=words.tensor(storage, 0, (2, 3), (3, 1)))


def test_zip(zipped, one):
    found = interop.load(zipped(one, {"0": NUMBERS.tobytes()}))
    assert found["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    found["w"].add_(1)  # writable


def test_zip_with_deflate_and_big_endian_numbers(zipped, one):
    raw = NUMBERS.astype(">f4").tobytes()
    path = zipped(one, {"0": raw}, method=zipfile.ZIP_DEFLATED, byteorder=b"big")
    assert interop.load(path)["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_tensors_on_one_storage_share_memory(zipped, streamed, words):
    for path_of, more, storages in (
        (zipped, (), {"0": NUMBERS.tobytes()}),
        (streamed, (words.of(None),), {"0": (6, NUMBERS.tobytes())}),
    ):
        storage = words.storage("FloatStorage", "0", 6, *more)
        text = words.dict(
            w=words.tensor(storage, 0, (2, 3), (3, 1)), t=words.tensor(storage, 1, (2,), (3,))
        )
        found = interop.load(path_of(text, storages))
        found["w"].array[1, 1] = 9
        assert found["t"].tolist() == [1, 9]


def test_bfloat16_becomes_float32(zipped, words):
    storage = words.storage("BFloat16Storage", "0", 3)
    raw = np.array([0x3F80, 0xC020, 0x7F80], "<u2").tobytes()
    found = interop.load(zipped(words.dict(w=words.tensor(storage, 0, (3,), (1,))), {"0": raw}))
    assert str(found["w"].dtype) == "float32"
    assert found["w"].tolist() == [1.0, -2.5, np.inf]


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd", "1", "", "0/../0", "0\n", "٠"])
def test_a_storage_that_is_not_there_is_refused(key, zipped, words):
    storage = words.storage("FloatStorage", key, 6)
    path = zipped(words.dict(w=words.tensor(storage, 0, (6,), (1,))), {"0": NUMBERS.tobytes()})
    with pytest.raises(WeightsError, match="no storage"):
        interop.load(path)


@pytest.mark.parametrize("count", [7, 2**40, 2**62, -1])
def test_a_storage_of_another_size_than_declared_is_refused(count, zipped, streamed, words):
    storage = words.storage("FloatStorage", "0", count)
    text = words.dict(w=words.tensor(storage, 0, (1,), (1,)))
    with pytest.raises(WeightsError, match="damaged or truncated"):
        interop.load(zipped(text, {"0": NUMBERS.tobytes()}))
    with pytest.raises(WeightsError, match="damaged|truncated"):
        interop.load(streamed(text, {"0": (count, NUMBERS.tobytes())}))


@pytest.mark.parametrize("text", [
    b"X\x0b\x00\x00\x00/etc/passwdQ", b"K\x00Q", b"NQ", b")Q", b"(X\x07\x00\x00\x00storageQ",
])  # fmt: skip
def test_a_persistent_id_that_is_no_storage_is_refused(text, zipped, streamed):
    for path in (zipped(text), streamed(text)):
        with pytest.raises(WeightsError):
            interop.load(path)


@pytest.mark.parametrize("name", ["ComplexFloatStorage", "QInt8Storage", "Float8_e4m3fnStorage"])
def test_types_that_numpy_lacks_are_refused_by_name(name, zipped, words):
    with pytest.raises(WeightsError, match=f"asks for torch.{name}"):
        interop.load(zipped(words.storage(name, "0", 6), {"0": NUMBERS.tobytes()}))


def test_a_whole_network_is_refused_by_its_class(zipped, words):
    with pytest.raises(WeightsError, match=r"torchvision.models.resnet.ResNet.*state_dict"):
        interop.load(zipped(words.named("torchvision.models.resnet", "ResNet") + b")\x81}b"))


def test_parameters_old_and_new_are_tensors(zipped, words):
    made = words.tensor(words.storage("FloatStorage", "0", 6), 0, (6,), (1,))
    new = words.called(
        words.named("torch._utils", "_rebuild_parameter"), made, words.of(True), b"}"
    )
    old = words.called(words.named("torch.nn.parameter", "Parameter"), made)
    old += b"(\x88\x89}tb"  # its state: requires_grad, volatile, hooks
    found = interop.load(zipped(words.dict(new=new, old=old), {"0": NUMBERS.tobytes()}))
    assert found["new"].tolist() == found["old"].tolist() == NUMBERS.tolist()
    assert not found["old"].requires_grad


@pytest.mark.parametrize("name", [
    ("torch", "Size"), ("builtins", "set"), ("builtins", "frozenset"),
    ("collections", "OrderedDict"), ("collections", "Counter"),
])  # fmt: skip
def test_an_expanded_tensor_is_never_unfolded_into_objects(name, zipped, words):
    storage = words.storage("ByteStorage", "0", 6)
    text = words.called(words.named(*name), words.tensor(storage, 0, (2**25,), (0,)))
    with pytest.raises(WeightsError, match="damaged"):
        interop.load(zipped(text, {"0": bytes(6)}))


# The zip around it.


def test_a_torchscript_archive_says_so(zipped, one):
    with pytest.raises(WeightsError, match="TorchScript"):
        interop.load(zipped(one, {"0": NUMBERS.tobytes()}, **{"constants.pkl": b"x"}))


def test_a_zip_of_something_else_says_so(tmp_path):
    path = tmp_path / "file.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(WeightsError, match=r"no PyTorch file"):
        interop.load(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(zipped, words):
    storage = words.storage("ByteStorage", "0", 2**28)
    text = words.dict(w=words.tensor(storage, 0, (2**28,), (1,)))
    path = zipped(text, {"0": bytes(2**28)}, method=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 2**20
    with pytest.raises(WeightsError, match="unpacks to more than"):
        interop.load(path)


def test_a_damaged_storage_is_found_by_its_checksum(zipped, one):
    path = zipped(one, {"0": NUMBERS.tobytes()})
    raw = path.read_bytes()
    path.write_bytes(raw.replace(NUMBERS.tobytes(), NUMBERS[::-1].tobytes()))
    with pytest.raises(WeightsError, match="CRC"):
        interop.load(path)


# The stream.


def test_stream(streamed, one_streamed):
    found = interop.load(streamed(one_streamed, {"0": (6, NUMBERS.tobytes())}))
    assert found["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_stream_with_a_view_of_a_storage(streamed, words):
    storage = words.storage("FloatStorage", "0", 6, words.of(("view", 2, 3)))
    text = words.dict(w=words.tensor(storage, 1, (2,), (1,)))
    assert interop.load(streamed(text, {"0": (6, NUMBERS.tobytes())}))["w"].tolist() == [3, 4]
    outside = words.storage("FloatStorage", "0", 6, words.of(("view", 5, 3)))
    text = words.dict(w=words.tensor(outside, 0, (1,), (1,)))
    with pytest.raises(WeightsError, match="outside"):
        interop.load(streamed(text, {"0": (6, NUMBERS.tobytes())}))


def test_streams_that_do_not_fit_are_refused(streamed, one_streamed, tmp_path):
    for storages, words in (
        ({}, "not the same"),
        ({"0": (5, NUMBERS.tobytes())}, "comes with 5"),
        ({"0": (6, NUMBERS.tobytes()[:-1])}, "truncated"),
        ({"0": (6, NUMBERS.tobytes()), "1": (0, b"")}, "not the same"),
    ):
        with pytest.raises(WeightsError, match=words):
            interop.load(streamed(one_streamed, storages))
    whole = {"0": (6, NUMBERS.tobytes())}
    with pytest.raises(WeightsError, match="not one that torch.save wrote"):
        interop.load(streamed(one_streamed, whole, magic=7))
    with pytest.raises(WeightsError, match="version"):
        interop.load(streamed(one_streamed, whole, version=1000))
    path = streamed(one_streamed, whole)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(pickle.dumps(["0"], 2), pickle.dumps([["0"]], 2)))
    with pytest.raises(WeightsError, match="no names"):
        interop.load(path)
    for length in range(1, len(raw), 7):
        path = tmp_path / "cut.th"
        path.write_bytes(raw[:length])
        with pytest.raises(WeightsError):
            interop.load(path)


# The tar archive of 2016.


@pytest.fixture()
def tarred(words, tmp_path):
    def build(count: int = 6, size=(2, 3), stride=(3, 1), reference: bytes = b"K\x02Q"):
        kind = words.named("torch", "FloatStorage")
        key = b"\x80\x02(K\x01X\x03\x00\x00\x00cpu" + kind + b"t."
        storages = pickle.dumps(1, 2) + key + struct.pack("<q", count) + NUMBERS.tobytes()
        storages += pickle.dumps([(7, 1, 3, 3)], 2)  # a view of the storage, key 7
        tensors = pickle.dumps(2, 2)
        for name, owner, sizes, strides in ((2, 1, size, stride), (3, 7, (2,), (1,))):
            tensors += b"\x80\x02(" + bytes([75, name, 75, owner])
            tensors += words.named("torch", "FloatTensor") + b"t."
            axes = len(sizes)
            tensors += struct.pack(f"<ii{2 * axes}qq", axes, 0, *sizes, *strides, 0)
        whole = b"\x80\x02" + words.dict(w=reference, v=b"K\x03Q") + b"."
        path = tmp_path / "file.pth"
        with tarfile.open(path, "w:") as archive:
            for name, raw in (("storages", storages), ("tensors", tensors), ("pickle", whole)):
                info = tarfile.TarInfo(name)
                info.size = len(raw)
                archive.addfile(info, io.BytesIO(raw))
        return path

    return build


def test_tar(tarred):
    found = interop.load(tarred())
    assert found["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["v"].tolist() == [3, 4]
    found["v"].array[0] = 9
    assert found["w"].tolist() == [[0, 1, 2], [9, 4, 5]]


def test_tars_that_do_not_fit_are_refused(tarred):
    for wrong in (
        {"count": 2**40}, {"size": (3, 3)}, {"stride": (-3, 1)}, {"reference": b"K\x09Q"},
        {"reference": b"X\x01\x00\x00\x00/Q"}, {"reference": b"cos\nsystem\n"},
    ):  # fmt: skip
        with pytest.raises(WeightsError):
            interop.load(tarred(**wrong))
