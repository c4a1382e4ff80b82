"""safetensors: as the package writes it, and refused where head and bytes do not fit."""

import json

import numpy as np
import pytest

from minitorch_cv import interop
from minitorch_cv.interop import WeightsError


def written(path, head, raw=b"", length=None):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + raw)
    return path


def entry(dtype="F32", shape=(2,), start=0, end=8):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def test_every_dtype_as_the_package_writes_it(tmp_path):
    from safetensors.numpy import save_file

    kinds = ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "b1")
    arrays = {kind: np.array([[0, 1], [2, 3], [5, 120]]).astype(kind) for kind in kinds}
    arrays |= {"number": np.array(2.5), "empty": np.zeros((0, 3), np.float32)}
    save_file(arrays, tmp_path / "w.safetensors")
    found = interop.load(tmp_path / "w.safetensors")
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name].numpy(), array)


def test_bfloat16_becomes_float32(tmp_path):
    raw = np.array([0x3F80, 0xC020], "<u2").tobytes()
    path = written(tmp_path / "w.safetensors", {"w": entry("BF16", (2,), 0, 4)}, raw)
    assert interop.load(path)["w"].tolist() == [1.0, -2.5]


@pytest.mark.parametrize(("head", "words"), [
    ({"w": entry(end=2**40)}, "does not have"), ({"w": entry(shape=(2**40,), end=2**42)}, "trunc"),
    ({"w": entry(shape=(-2,), end=8)}, "shape"), ({"w": entry(shape=(3,))}, "does not have"),
    ({"w": entry("F8_E4M3")}, "F8_E4M3"), ({"w": entry(start=4, end=12)}, "hole"),
    ({"w": entry(), "v": entry()}, "overlap"), ({"w": entry(shape=(1,), end=4)}, "belong to no"),
    ({"w": entry(start=-1)}, "place"), ({"w": {}}, "damaged"), ({"w": 3}, "damaged"),
    ({"w": entry(dtype=["F32"])}, "dtype"), ({"w": entry("BOOL", (8,))}, "neither 0 nor 1"),
    (b"[1]", "damaged|known"), (b'{"w": 1, "w": 2}', "twice"), (b"{" * 90_000, "damaged"),
    (b'{"a":' * 90_000, "damaged"), (b"{} x", "damaged"), (b"{\xff}", "damaged"),
])  # fmt: skip
def test_heads_that_do_not_fit_are_refused(head, words, tmp_path):
    raw = np.array([3, 4], "<f4").tobytes()
    with pytest.raises(WeightsError, match=words):
        interop.load(written(tmp_path / "w.safetensors", head, raw))


@pytest.mark.parametrize("length", [2**62, 2**30, 1000])
def test_a_head_longer_than_the_file_is_refused(length, tmp_path):
    with pytest.raises(WeightsError):
        interop.load(written(tmp_path / "w.safetensors", {"w": entry()}, b"\0" * 8, length))
