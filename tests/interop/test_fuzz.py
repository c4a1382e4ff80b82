"""Thousands of files with flipped, lost and copied bytes: only our own errors, quickly, in little
memory."""

import io
import pickle
import random
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from minitorch_cv import interop
from minitorch_cv.interop import WeightsError

from .formats.test_wire import W, blob, field, initializer, layer

ROUNDS = 700  # for each file


@pytest.fixture(params=["zip", "deflated", "stream", "tar", "safetensors", "npz", "caffe", "onnx"])
def small_file(request, tmp_path):
    return globals()[f"_{request.param}"](tmp_path, request)


def _plain():
    import collections

    value = {
        "epoch": 3, "numbers": [1.5, -2, 2**70], "text": ("a", "é", b"\xff"), "none": None,
        "set": {1, 2}, "counter": collections.Counter({3: 1}), "array": np.arange(4).reshape(2, 2),
        "default": collections.defaultdict(list, {1: [2]}), "scalar": np.float64(2.5),
    }  # fmt: skip
    return pickle.dumps(value, 2)[2:-1]


def _words(request, more=()):
    words = request.getfixturevalue("words")
    storage = words.storage("FloatStorage", "0", 6, *more)
    half = words.storage("BFloat16Storage", "1", 3, *more)
    state = words.dict(
        w=words.tensor(storage, 0, (2, 3), (3, 1)), t=words.tensor(storage, 1, (2, 2), (1, 2)),
        b=words.tensor(half, 0, (3,), (1,)),
    )  # fmt: skip
    return words.dict(state_dict=state, rest=_plain())


def _zip(tmp_path, request, method=zipfile.ZIP_STORED):  # noqa: ARG001
    raw = np.arange(6, dtype="<f4").tobytes()
    build = request.getfixturevalue("zipped")
    return build(_words(request), {"0": raw, "1": raw[:6]}, method, byteorder=b"little")


def _deflated(tmp_path, request):
    return _zip(tmp_path, request, zipfile.ZIP_DEFLATED)


def _stream(tmp_path, request):  # noqa: ARG001
    raw = np.arange(6, dtype="<f4").tobytes()
    text = _words(request, (request.getfixturevalue("words").of(None),))
    return request.getfixturevalue("streamed")(text, {"0": (6, raw), "1": (3, raw[:6])})


def _tar(tmp_path, request):
    import struct
    import tarfile

    words = request.getfixturevalue("words")
    float_storage = words.named("torch", "FloatStorage")
    numbers = struct.pack("<q6f", 6, *range(6))
    parts = {
        "storages": pickle.dumps(1, 2) + b"\x80\x02(K\x01X\x03\x00\x00\x00cpu" + float_storage
        + b"t." + numbers + pickle.dumps([(7, 1, 3, 3)], 2),
        "tensors": pickle.dumps(1, 2) + b"\x80\x02(K\x02K\x01NtN0." + struct.pack(
            "<ii5q", 2, 0, 2, 3, 3, 1, 0),
        "pickle": b"\x80\x02" + words.dict(w=b"K\x02Q", rest=_plain()) + b".",
    }  # fmt: skip
    with tarfile.open(tmp_path / "w.pth", "w:") as archive:
        for name, raw in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return tmp_path / "w.pth"


ARRAYS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([True, False])}


def _safetensors(tmp_path, request):  # noqa: ARG001
    interop.save(ARRAYS, tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def _npz(tmp_path, request):  # noqa: ARG001
    np.savez_compressed(tmp_path / "w.npz", **ARRAYS)
    return tmp_path / "w.npz"


def _caffe(tmp_path, request):  # noqa: ARG001
    path = tmp_path / "w.caffemodel"
    path.write_bytes(field(1, "net") + layer("ip", "InnerProduct", blob(W), blob(W[0], old=True)))
    return path


def _onnx(tmp_path, request):  # noqa: ARG001
    path = tmp_path / "w.onnx"
    tensors = initializer("w", 1, (2, 3), 9, W.astype("<f4").tobytes())
    path.write_bytes(field(7, tensors + initializer("i", 7, (2,), 7, b"\x05\x06")))
    return path


def damaged(raw, rng):
    """A copy with bytes changed, lost, copied to another place, or with a length made huge."""
    data = bytearray(raw)
    place, other, length = rng.randrange(len(data)), rng.randrange(len(data)), rng.randrange(1, 9)
    how = rng.choice(["flip", "flip", "flip", "cut", "copy", "huge", "lose"])
    if how == "flip":
        for _ in range(rng.choice([1, 1, 2, 8])):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif how == "cut":
        del data[place:]
    elif how == "copy":
        data[place : place + 4 * length] = data[other : other + 4 * length]
    elif how == "huge":
        data[place : place + length] = b"\xff" * length
    else:
        del data[place : place + length]
    return bytes(data)


def test_only_our_own_errors_come_out(small_file):
    raw, rng = small_file.read_bytes(), random.Random(0)
    interop.load(small_file)
    refused = 0
    tracemalloc.start()
    for _ in range(ROUNDS):
        small_file.write_bytes(damaged(raw, rng))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # NumPy's, about odd heads
                interop.load(small_file)
                interop.describe(small_file)
        except WeightsError as error:
            refused += 1
            assert "\n" not in str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused > ROUNDS / 4
    assert peak < 80 * 2**20
