"""Caffe and ONNX: messages written by hand, as the formats' definitions say, and real ones."""

import struct

import numpy as np
import pytest

from minitorch_cv import interop
from minitorch_cv.interop import WeightsError
from minitorch_cv.interop.formats.wire import Message


def varint(n: int) -> bytes:
    n %= 2**64
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number: int, value: object) -> bytes:
    """An integer, bytes or text as one field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def test_fields_packed_or_not():
    packed = field(1, varint(3) + varint(-1) + varint(300))
    loose = field(1, 3) + field(1, -1) + field(1, 300)
    for raw in (packed, loose):
        assert Message(memoryview(raw)).integers(1) == [3, -1, 300]
    floats = struct.pack("<3f", 1, 2, 3)
    loose = b"".join(varint(5 << 3 | 5) + floats[k : k + 4] for k in (0, 4, 8))
    for raw in (field(5, floats), loose, field(5, floats[:4]) + field(5, floats[4:])):
        assert Message(memoryview(raw)).numbers(5, "<f4").tolist() == [1, 2, 3]


@pytest.mark.parametrize("raw", [
    b"\x0a", b"\x0a\x05ab", b"\x0a" + b"\xff" * 9 + b"\x01", b"\x08" + b"\xff" * 11, b"\x0b",
    b"\x0d\0",
])  # fmt: skip
def test_fields_that_do_not_fit_are_refused(raw):
    with pytest.raises(WeightsError):
        Message(memoryview(raw))


# Caffe.


def blob(array, old=False, double=False):
    shape = [1] * (4 - array.ndim) + list(array.shape)
    place = b"".join(field(k + 1, n) for k, n in enumerate(shape))
    if not old:
        place = field(7, field(1, b"".join(map(varint, array.shape))))
    return place + field(8 if double else 5, array.astype("<f8" if double else "<f4").tobytes())


def layer(name, kind, *blobs):
    return field(100, field(1, name) + field(2, kind) + b"".join(field(7, b) for b in blobs))


def layer_v1(name, kind, *blobs):
    return field(2, b"".join(field(6, b) for b in blobs) + field(4, name) + field(5, kind))


W = np.arange(6.0).reshape(2, 3)
B = np.array([1.0, 2.0])


@pytest.mark.parametrize("raw", [
    layer("data", "Input") + layer("ip", "InnerProduct", blob(W), blob(B)),
    layer("ip", "InnerProduct", blob(W, old=True), blob(B, old=True)),
    layer_v1("ip", 14, blob(W, old=True), blob(B, old=True)),
    layer("ip", "InnerProduct", blob(W, double=True), blob(B, double=True)),
])  # fmt: skip
def test_caffe_inner_product_in_all_its_forms(raw, tmp_path):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(field(1, "net") + raw)
    found = interop.load_state_dict(path)
    assert list(found) == ["ip.weight", "ip.bias"]
    assert found["ip.weight"].tolist() == W.tolist()
    assert found["ip.bias"].tolist() == B.tolist()


def test_caffe_batch_norm_divides_by_its_factor(tmp_path):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(layer("bn", "BatchNorm", blob(B), blob(B * 3), blob(np.array([4.0]))))
    found = interop.load_state_dict(path)
    assert found["bn.running_mean"].tolist() == [0.25, 0.5]
    assert found["bn.running_var"].tolist() == [0.75, 1.5]


@pytest.mark.parametrize("raw", [
    layer("ip", "InnerProduct"), layer("ip", "", field(7, field(1, varint(2**40))) + field(5, b"")),
    layer("ip", "", blob(W)[:-1]), layer("a", "", blob(W)) * 2, b"\xff\xff\xff\xff plainly not",
    layer("ip", "", field(1, -1) + field(5, struct.pack("<f", 1))),
])  # fmt: skip
def test_caffe_files_that_do_not_fit_are_refused(raw, tmp_path):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(raw)
    with pytest.raises(WeightsError):
        interop.load(path)


def test_caffe_real_file_equals_its_npz(data_dir):
    folder = data_dir / "lenet_caffe"
    ours = interop.load_state_dict(folder / "lenet_iter_10000.caffemodel")
    theirs = np.load(folder / "lenet_iter_10000.npz")
    assert set(ours) == set(theirs.files)
    for name in theirs.files:
        assert np.array_equal(ours[name].numpy(), theirs[name])


# ONNX.


def initializer(name, kind, shape, number, raw):
    dims = b"".join(field(1, n) for n in shape)
    return field(5, dims + field(2, kind) + field(8, name) + field(number, raw))


def test_onnx_raw_and_typed_numbers(tmp_path):
    small = b"".join(map(varint, [-5, 6]))
    tensors = [
        initializer("raw", 1, (2, 3), 9, W.astype("<f4").tobytes()),
        initializer("typed", 1, (2, 3), 4, W.astype("<f4").tobytes()),
        initializer("double", 11, (2,), 10, B.tobytes()), initializer("int8", 3, (2,), 5, small),
        initializer("int64", 7, (2,), 7, small), initializer("truth", 9, (2,), 5, b"\x01\x00"),
        initializer("half", 10, (1,), 5, varint(0x3C00)),
        initializer("bf", 16, (1,), 5, varint(0xC020)),
        initializer("number", 1, (), 9, struct.pack("<f", 2.5)),
    ]  # fmt: skip
    path = tmp_path / "net.onnx"
    path.write_bytes(field(1, 8) + field(7, b"".join(tensors)))
    found = interop.load_state_dict(path)
    assert found["raw"].tolist() == found["typed"].tolist() == W.tolist()
    assert found["double"].tolist() == B.tolist()
    assert found["int8"].tolist() == found["int64"].tolist() == [-5, 6]
    assert [str(found[k].dtype) for k in ("int8", "int64", "truth")] == ["int8", "int64", "bool"]
    assert found["truth"].tolist() == [True, False]
    assert (found["half"].item(), found["bf"].item(), found["number"].item()) == (1.0, -2.5, 2.5)
    assert found["number"].shape == ()


@pytest.mark.parametrize(("tensor", "words"), [
    (initializer("w", 1, (2**40,), 9, b"\0" * 4), "has 1 numbers"),
    (initializer("w", 1, (-1,), 9, b"\0" * 4), "damaged"),
    (initializer("w", 1, (1,), 9, b"\0" * 3), "damaged"),
    (initializer("w", 8, (1,), 6, b"text"), "data type 8"),
    (initializer("w", 1, (1,), 14, 1), "another file"),
])  # fmt: skip
def test_onnx_tensors_that_do_not_fit_are_refused(tensor, words, tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(field(7, tensor))
    with pytest.raises(WeightsError, match=words):
        interop.load(path)
