"""Real files by known answers; what is no file of weights, said in words."""

import json

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import interop, nn
from minitorch_cv.interop import WeightsError
from minitorch_cv.tasks import checkpoint

RESNETS = {"resnet20-12fca82f": (269_722, 91.78), "resnet32-d509ac18": (464_154, 92.78)}


@pytest.mark.parametrize("name", RESNETS)
def test_files_of_2019_load_without_pytorch(name, data_dir):
    path = data_dir / "resnet_cifar10" / f"{name}.th"
    count, best = RESNETS[name]
    whole = interop.load(path)
    assert set(whole) == {"state_dict", "best_prec1"}
    assert whole["best_prec1"] == pytest.approx(best, abs=1e-4)
    state = interop.load_state_dict(path)
    parameters = [v.numel() for k, v in state.items() if "running" not in k and "num_" not in k]
    assert sum(parameters) == count
    assert all(k.startswith("module.") for k in state)
    assert state["module.conv1.weight"].shape == (16, 3, 3, 3)
    assert float(np.abs(state["module.linear.weight"].numpy()).max()) < 5
    assert (state["module.bn1.running_var"].numpy() > 0).all()


def test_a_network_and_its_own_checkpoint(tmp_path):
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    tensors = {f"model.{k}": v.numpy() for k, v in model.state_dict().items()}
    tensors["optimizer.0.momentum"] = np.ones(3, np.float32)
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.save(path, checkpoint.Checkpoint(tensors, {"epoch": 3}))
    whole = interop.load(path)
    assert set(whole) == {"model", "optimizer", "training"}
    assert whole["training"] == {"epoch": 3}
    found = interop.load_state_dict(path)
    assert set(found) == set(model.state_dict())
    fresh = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    fresh.load_state_dict(interop.load_state_dict(path, fresh))
    for name, value in model.state_dict().items():
        assert mt.equal(value, fresh.state_dict()[name])


# Where in a file the state dict is.


@pytest.mark.parametrize("wrap", [
    lambda w, d: d, lambda w, d: w.dict(state_dict=d, epoch=b"K\x03"),
    lambda w, d: w.dict(epoch=b"K\x03", model=d), lambda w, d: w.dict(net=d, acc=b"K\x5a"),
    lambda w, d: w.dict(model=w.dict(state_dict=d)),
    lambda w, d: w.dict(state_dict=d, model=w.dict(other=d)),
])  # fmt: skip
def test_the_state_dict_is_found(wrap, words, zipped):
    tensor = words.tensor(words.storage("FloatStorage", "0", 2), 0, (2,), (1,))
    path = zipped(wrap(words, words.dict(w=tensor)), {"0": np.ones(2, "<f4").tobytes()})
    assert {k: v.tolist() for k, v in interop.load_state_dict(path).items()} == {"w": [1, 1]}


def test_another_entry_is_taken_when_asked_for(words, zipped):
    tensor = words.tensor(words.storage("FloatStorage", "0", 2), 0, (2,), (1,))
    text = words.dict(model=words.dict(w=tensor), ema=words.dict(v=tensor), epoch=b"K\x03")
    path = zipped(text, {"0": np.ones(2, "<f4").tobytes()})
    assert list(interop.load_state_dict(path, entry="ema")) == ["v"]
    with pytest.raises(WeightsError, match="no entry 'best'; it has 'model', 'ema', 'epoch'"):
        interop.load_state_dict(path, entry="best")
    with pytest.raises(WeightsError, match="no dict of tensors.*entry="):
        interop.load_state_dict(path, entry="epoch")


def test_a_file_without_tensors_says_what_it_has(words, zipped):
    with pytest.raises(WeightsError, match=r"no dict of tensors \(it has 'epoch'\)"):
        interop.load_state_dict(zipped(words.dict(epoch=b"K\x03")))
    with pytest.raises(WeightsError, match=r"no dict of tensors \(it has a list\)"):
        interop.load_state_dict(zipped(b"]"))


# What a file looks like.

HTML = b"  <!DOCTYPE html><html><body>404: Not Found</body></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
LOOKS = {
    "web page": (HTML, "web page"), "lfs": (POINTER, "Git LFS pointer.*git lfs pull"),
    "empty": (b"", "is empty"), "text": (b"Not found, sorry, try again", "is text, which begins"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "PNG picture"), "gz": (b"\x1f\x8b\x08", "gzip"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 40, "HDF5"),
    "npy": (b"\x93NUMPY\x01\x00" + b" " * 60, r"np\.savez"),
    "noise": (bytes(range(20, 60)), "no format that is known"), "short": (b"\0\1\2", "too short"),
    "pickle": (b"\x80\x02}q\x00.", "pickle, but not one that torch.save wrote"),
    "cut zip": (b"PK\x03\x04" + b"\0" * 100, "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".npz", ".th", ".bin", ".caffemodel"])
@pytest.mark.parametrize("look", LOOKS)
def test_what_a_file_looks_like_is_said_in_one_line(look, suffix, tmp_path):
    raw, words = LOOKS[look]
    if suffix == ".caffemodel" and look in ("text", "noise", "short"):
        words = "damaged|is no .caffemodel|truncated"  # this format has no first bytes of its own
    if look == "pickle" and suffix not in (".pth", ".th", ".bin"):
        words = "looks like torch stream"
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(raw)
    with pytest.raises(WeightsError, match=words) as caught:
        interop.load(path)
    message = str(caught.value)
    assert message.startswith(f"weights: {path} ({len(raw)} bytes) ")
    assert "\n" not in message


def test_a_wrong_extension_is_named(tmp_path):
    state = {"w": np.ones(2, np.float32)}
    for kind, other in ((".safetensors", ".pth"), (".pth", ".npz"), (".npz", ".safetensors")):
        interop.save(state, tmp_path / f"w{kind}")
        (tmp_path / f"w{kind}").rename(tmp_path / f"wrong{other}")
        with pytest.raises(WeightsError, match=rf"looks like .*rename it to \{kind}"):
            interop.load(tmp_path / f"wrong{other}")
        (tmp_path / f"wrong{other}").rename(tmp_path / "weights.bin")  # promises nothing
        assert interop.load(tmp_path / "weights.bin")["w"].tolist() == [1, 1]


def test_a_truncated_file_is_said_to_be_one(tmp_path):
    state = {"w": np.ones((40, 3), np.float32)}
    for kind in (".safetensors", ".pth", ".npz"):
        interop.save(state, tmp_path / f"w{kind}")
        raw = (tmp_path / f"w{kind}").read_bytes()
        for length in (len(raw) - 1, len(raw) // 2, 20):
            (tmp_path / f"w{kind}").write_bytes(raw[:length])
            with pytest.raises(WeightsError, match=r"truncated|damaged|too short"):
                interop.load(tmp_path / f"w{kind}")


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        interop.load(tmp_path / "none.pth")
    with pytest.raises(IsADirectoryError):
        interop.load(tmp_path)


def test_nothing_of_pytorch_is_imported(data_dir):
    import subprocess
    import sys

    code = (
        "import sys, json; sys.modules.update(torch=None, onnx=None, google=None)\n"
        "from minitorch_cv import interop\n"
        f"state = interop.load_state_dict({str(data_dir / 'resnet_cifar10')!r} + "
        "'/resnet20-12fca82f.th')\n"
        "print(json.dumps(len(state)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 97
