"""PyTorch's own files in ours, and ours in PyTorch's, in every format and dtype."""

from collections import Counter, OrderedDict, defaultdict

import numpy as np
import pytest

import minitorch_cv as mt
from minitorch_cv import interop, nn

torch = pytest.importorskip("torch")

FORMATS = {
    "zip": {}, "zip, protocol 4": {"pickle_protocol": 4}, "zip, protocol 5": {"pickle_protocol": 5},
    "stream": {"_use_new_zipfile_serialization": False},
    "stream, protocol 4": {"_use_new_zipfile_serialization": False, "pickle_protocol": 4},
}  # fmt: skip
DTYPES = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8",
          "bool")  # fmt: skip


def tensors():
    base = torch.arange(48.0).reshape(4, 12)
    made = OrderedDict((name, (torch.randn(3, 2) * 3).to(getattr(torch, name))) for name in DTYPES)
    made.update(
        base=base, turned=base.t(), part=base[1:3, 2:9:3], row=base[2], number=torch.tensor(2.5),
        empty=torch.zeros(0, 3), spread=torch.ones(3, 1).expand(3, 5),
        parameter=torch.nn.Parameter(torch.randn(2)), channels_last=torch.randn(2, 3, 4, 4).to(
            memory_format=torch.channels_last),
    )  # fmt: skip
    return made


def same(ours, theirs):
    theirs = theirs.detach()
    if theirs.dtype == torch.bfloat16:
        theirs = theirs.float()
    array = ours.numpy()
    assert str(array.dtype) == str(theirs.dtype).removeprefix("torch.")
    assert array.shape == tuple(theirs.shape)
    assert array.tobytes() == theirs.contiguous().numpy().tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_what_pytorch_saves(format, tmp_path):
    state = tensors()
    rest = {
        "epoch": 3, "best": np.float64(91.5), "size": torch.Size([1, 2]), "dtype": torch.float32,
        "device": torch.device("cuda:1"), "counter": Counter({3: 1}), "names": {"a", "b"},
        "default": defaultdict(dict, {1: {2: 3}}), "array": np.arange(6).reshape(2, 3),
    }  # fmt: skip
    torch.save({"state_dict": state, **rest}, tmp_path / "w.pth", **FORMATS[format])
    whole = interop.load(tmp_path / "w.pth")
    assert list(whole["state_dict"]) == list(state)
    for name, tensor in state.items():
        same(whole["state_dict"][name], tensor)
    assert (whole["array"] == rest["array"]).all()
    assert (whole["size"], whole["device"], whole["dtype"]) == ((1, 2), "cuda:1", mt.float32)
    for name in ("epoch", "best", "counter", "names", "default"):
        assert whole[name] == rest[name]
    whole["state_dict"]["base"].array[2, 0] = -1
    assert whole["state_dict"]["row"].tolist()[0] == -1  # still one storage


@pytest.mark.parametrize("format", FORMATS)
def test_a_whole_checkpoint_with_its_optimizer(format, tmp_path):
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4])
    model(torch.randn(2, 3, 5, 5)).sum().backward()
    optimizer.step()
    schedule.step()
    whole = {"model": model.state_dict(), "optimizer": optimizer.state_dict(),
             "schedule": schedule.state_dict()}  # fmt: skip
    torch.save(whole, tmp_path / "w.pt", **FORMATS[format])
    ours = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    ours.load_state_dict(interop.load_state_dict(tmp_path / "w.pt"))
    for name, tensor in model.state_dict().items():
        same(ours.state_dict()[name], tensor)
    found = interop.load(tmp_path / "w.pt")
    same(found["optimizer"]["state"][0]["exp_avg"], optimizer.state_dict()["state"][0]["exp_avg"])
    assert found["schedule"]["milestones"] == Counter([2, 4])


@pytest.mark.parametrize("made", [
    lambda: torch.nn.Linear(2, 2), lambda: torch.randn(2).to_sparse(),
    lambda: torch.randn(2, dtype=torch.complex64), lambda: torch.randn(2).to(torch.float8_e4m3fn),
    lambda: torch.quantize_per_tensor(torch.randn(2), 0.1, 0, torch.qint8),
])  # fmt: skip
@pytest.mark.parametrize("new", [True, False])
def test_what_cannot_be_read_is_refused_by_name(made, new, tmp_path):
    torch.save({"w": made()}, tmp_path / "w.pth", _use_new_zipfile_serialization=new)
    with pytest.raises(interop.WeightsError, match=r"asks for torch|type that NumPy"):
        interop.load(tmp_path / "w.pth")


def test_unsigned_integers_that_only_new_files_have(tmp_path):
    state = {
        k: torch.tensor([1, 200]).to(getattr(torch, k)) for k in ("uint16", "uint32", "uint64")
    }
    torch.save(state, tmp_path / "w.pth")
    for name, tensor in state.items():
        same(interop.load(tmp_path / "w.pth")[name], tensor)


def test_torchscript_says_so(tmp_path):
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "w.pt")
    with pytest.raises(interop.WeightsError, match="TorchScript"):
        interop.load(tmp_path / "w.pt")


def arrays():
    rng = np.random.default_rng(0)
    made = {k: (rng.normal(size=(3, 2)) * 3).astype(k) for k in DTYPES if k != "bfloat16"}
    return made | {
        "number": np.array(7), "empty": np.zeros((0, 3)), "größe.weight": np.ones(3, np.float32),
        "turned": np.arange(6.0).reshape(2, 3).T, "spread": np.broadcast_to(np.int8(3), (2, 2)),
    }  # fmt: skip


@pytest.mark.parametrize("mmap", [False, True])
def test_pth_in_pytorch(mmap, tmp_path):
    interop.save(arrays(), tmp_path / "w.pth")
    found = torch.load(tmp_path / "w.pth", weights_only=True, mmap=mmap)
    assert type(found) is OrderedDict
    assert list(found) == list(arrays())
    for name, array in arrays().items():
        same(mt.from_numpy(np.asarray(array)), found[name])


def test_safetensors_in_pytorch(tmp_path):
    from safetensors.torch import load_file, save_file

    interop.save(arrays(), tmp_path / "w.safetensors")
    found = load_file(tmp_path / "w.safetensors")
    for name, array in arrays().items():
        same(mt.from_numpy(np.asarray(array)), found[name])
    state = {k: v.detach().contiguous().clone() for k, v in tensors().items()}
    save_file(state, tmp_path / "theirs.safetensors", {"format": "pt"})
    for name, tensor in interop.load(tmp_path / "theirs.safetensors").items():
        same(tensor, state[name])


def test_a_network_there_and_back(tmp_path):
    ours = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    theirs = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    interop.save(ours.state_dict(), tmp_path / "w.pth")
    theirs.load_state_dict(torch.load(tmp_path / "w.pth", weights_only=True))
    for name, tensor in theirs.state_dict().items():
        same(ours.state_dict()[name], tensor)


def test_the_files_of_2019(data_dir):
    path = data_dir / "resnet_cifar10" / "resnet20-12fca82f.th"
    theirs = torch.load(path, weights_only=False, map_location="cpu")["state_dict"]
    ours = interop.load_state_dict(path)
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        same(ours[name], tensor)
