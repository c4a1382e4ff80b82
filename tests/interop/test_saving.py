"""What is saved comes back the same; a save that fails leaves what was there."""

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import interop, nn
from minitorch_cv.interop import WeightsError

KINDS = (".safetensors", ".pth", ".pt", ".th", ".npz")
ARRAYS = {
    "conv.weight": np.arange(24.0, dtype=np.float32).reshape(2, 3, 2, 2),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "every_second": np.arange(10)[::2], "turned": np.arange(6, dtype=np.int16).reshape(2, 3).T,
    "number": np.array(7), "truth": np.array([True, False]), "half": np.float16([0.5, -1]),
    "empty": np.zeros((0, 3), np.int8), "größe/ä": np.array([1], np.uint8),
    "int32": np.array([-1], np.int32), "spread": np.broadcast_to(np.float32(2), (3, 4)),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(kind, tmp_path):
    path = tmp_path / f"w{kind}"
    interop.save({k: mt.from_numpy(a) for k, a in ARRAYS.items()}, path)
    found = interop.load_state_dict(path)
    assert set(found) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert tuple(found[name].shape) == array.shape
        assert np.array_equal(found[name].numpy(), array)
        assert found[name].numpy().flags.writeable


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_comes_back(kind, tmp_path):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    interop.save(model.state_dict(), tmp_path / f"w{kind}")
    other = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    other.load_state_dict(interop.load_state_dict(tmp_path / f"w{kind}"))
    for name, value in model.state_dict().items():
        assert mt.equal(value, other.state_dict()[name])
    interop.save({}, tmp_path / f"none{kind}")


def test_the_same_weights_give_the_same_file(tmp_path):
    for name in ("a.pth", "b.pth"):
        interop.save(ARRAYS, tmp_path / name)
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()


def test_tied_weights_stay_tied_in_pth(tmp_path):
    w = mt.ones(1000)
    interop.save({"a": w, "b": w}, tmp_path / "w.pth")
    assert (tmp_path / "w.pth").stat().st_size < 6000
    found = interop.load(tmp_path / "w.pth")
    found["a"].array[0] = 5
    assert found["b"].tolist()[0] == 5


BAD = {
    "no dict": ([mt.ones(2)], TypeError, "expects a dict"),
    "no tensor": ({"w": "text"}, TypeError, "got str under 'w'"),
    "nested": ({"state_dict": {"w": mt.ones(2)}}, TypeError, r"state_dict\(\) alone"),
    "no name": ({3: mt.ones(2)}, TypeError, "by name"),
    "objects": ({"w": np.array([None])}, WeightsError, "only numbers"),
    "complex": ({"w": np.array([1j])}, WeightsError, "only numbers"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", BAD)
def test_bad_input_leaves_what_was_there(case, kind, tmp_path):
    path = tmp_path / f"w{kind}"
    path.write_bytes(b"before")
    value, error, words = BAD[case]
    with pytest.raises(error, match=words):
        interop.save(value, path)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("kind", "value", "words"), [
    (".pth", {"w": np.ones(2, np.uint16)}, "uint16"),
    (".npz", {"file": np.ones(2)}, "'file'"), (".npz", {"../w": np.ones(2)}, "name"),
    (".safetensors", {"__metadata__": np.ones(2)}, "itself"), (".bin", {}, "writes .safetensors"),
    ("", {}, "writes .safetensors"),
])  # fmt: skip
def test_what_a_format_does_not_hold_is_refused(kind, value, words, tmp_path):
    path = tmp_path / f"w{kind}"
    path.write_bytes(b"before")
    with pytest.raises(WeightsError, match=words):
        interop.save(value, path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"before"


def test_a_disk_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "w.npz"
    interop.save({"w": mt.ones(2)}, path)

    def full(*arguments, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        interop.save({"w": mt.zeros(2)}, path)
    assert interop.load(path)["w"].tolist() == [1, 1]
    assert [p.name for p in tmp_path.iterdir()] == ["w.npz"]


def test_numbers_in_pth_begin_at_multiples_of_64(tmp_path):
    import zipfile

    arrays = {f"w{k}": np.full(16, 0x5A + k, np.uint8) for k in range(5)}
    interop.save(arrays, tmp_path / "w.pth")
    raw = (tmp_path / "w.pth").read_bytes()
    for array in arrays.values():
        assert raw.index(array.tobytes()) % 64 == 0
    assert zipfile.ZipFile(tmp_path / "w.pth").testzip() is None
