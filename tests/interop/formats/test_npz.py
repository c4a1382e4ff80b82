"""`.npz`: numbers in any layout; objects, wrong sizes and bombs are refused."""

import io
import zipfile

import numpy as np
import pytest

from minitorch_cv import interop
from minitorch_cv.interop import WeightsError


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_in_any_layout(save, tmp_path):
    arrays = {
        "c": np.arange(6.0).reshape(2, 3), "f": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "big": np.arange(3, dtype=">f4"), "number": np.array(3, np.int8), "empty": np.zeros((0, 2)),
        "a/b.weight": np.array([True, False]), "cube": np.asfortranarray(np.ones((2, 3, 4))),
    }  # fmt: skip
    save(tmp_path / "w.npz", **arrays)
    found = interop.load_state_dict(tmp_path / "w.npz")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert np.array_equal(found[name].numpy(), array)
        assert found[name].dtype.isnative
    found["c"].add_(1)


def test_text_stays_an_array(tmp_path):
    np.savez(tmp_path / "w.npz", names=np.array(["a", "b"]), w=np.ones(2))
    assert interop.load(tmp_path / "w.npz")["names"].tolist() == ["a", "b"]
    assert list(interop.load_state_dict(tmp_path / "w.npz")) == ["w"]


def test_objects_are_refused(tmp_path):
    np.savez(tmp_path / "w.npz", w=np.array([{}, 1], dtype=object))
    with pytest.raises(WeightsError, match="Python objects"):
        interop.load(tmp_path / "w.npz")


def archive(path, raw, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("w.npy", raw)
    return path


@pytest.mark.parametrize("shape", [(2**40,), (2**31, 2**31, 2**31), (-3,), (4,), (2,)])
def test_a_shape_that_does_not_fit_its_bytes_is_refused(shape, tmp_path):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": shape}
    )
    with pytest.raises(WeightsError, match="damaged"):
        interop.load(archive(tmp_path / "w.npz", file.getvalue() + bytes(24)))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    file = io.BytesIO()
    np.save(file, np.zeros(2**28, np.uint8))
    path = archive(tmp_path / "w.npz", file.getvalue(), zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match="unpacks to more than"):
        interop.load(path)


def test_another_compression_is_refused(tmp_path):
    file = io.BytesIO()
    np.save(file, np.zeros(20))
    with pytest.raises(WeightsError, match="deflate"):
        interop.load(archive(tmp_path / "w.npz", file.getvalue(), zipfile.ZIP_LZMA))
