"""Names of other publishers become those of our models; `compare` shows a port that is wrong."""

import pytest

import minitorch_cv as mt
from minitorch_cv import interop, nn
from minitorch_cv.testing.compare import compare


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, 3)
        self.downsample = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3))
        self.fc = nn.Linear(3, 4)

    def forward(self, x):
        y = self.conv1(x) + self.downsample(x[:, :, 1:-1, 1:-1])
        return self.fc(y.mean((2, 3)))


NAMES = {  # how others call the same network
    "as it is": lambda k: k,
    "DataParallel": lambda k: f"module.{k}",
    "wrapped and DataParallel": lambda k: f"model.module.{k}",
    "DataParallel and wrapped": lambda k: f"module.backbone.{k}",
    "kuangliu": lambda k: "module." + k.replace("downsample", "shortcut").replace("fc", "linear"),
    "compiled": lambda k: f"_orig_mod.{k}",
}


@pytest.mark.parametrize("names", NAMES)
def test_names_of_others_fit(names):
    model = Block()
    state = {NAMES[names](k): v for k, v in model.state_dict().items()}
    result = interop.fit(state, model)
    assert (result.missing, result.unexpected, result.wrong) == ((), (), ())
    assert bool(result.used) == (names != "as it is")
    for name in model.state_dict():
        assert result.state_dict[name] is state[NAMES[names](name)]


def test_counters_that_old_files_lack_are_added():
    model = Block()
    state = {k: v for k, v in model.state_dict().items() if "num_batches" not in k}
    result = interop.fit(state, model)
    assert result.added == ("downsample.1.num_batches_tracked",)
    model.load_state_dict(result.state_dict)


def test_what_does_not_fit_is_listed_and_kept():
    model = Block()
    state = {f"module.{k}": v for k, v in model.state_dict().items()}
    state["module.fc.weight"] = mt.zeros(7, 3)
    state["module.other"] = state.pop("module.fc.bias")
    result = interop.fit(state, model)
    assert result.missing == ("fc.bias",)
    assert result.unexpected == ("other",)
    assert result.wrong == ("fc.weight: (7, 3) in the file, (4, 3) in the model",)
    with pytest.raises(ValueError, match="unexpected key: other"):
        model.load_state_dict(result.state_dict)


def test_names_are_left_alone_where_no_map_helps():
    state = {"a": mt.ones(2), "b.c": mt.ones(2)}
    result = interop.fit(state, Block())
    assert result.names == {"a": "a", "b.c": "b.c"}
    assert result.used == ()


def test_two_names_never_become_one():
    model = Block()
    state = {**model.state_dict(), "module.fc.weight": mt.zeros(4, 3)}
    result = interop.fit(state, model)
    assert result.unexpected == ("module.fc.weight",)
    assert result.state_dict["fc.weight"] is state["fc.weight"]


def test_compare_shows_the_first_layer_of_a_wrong_port(tmp_path):
    model, port = Block().eval(), Block().eval()
    state = {f"module.{k}": v for k, v in model.state_dict().items()}
    interop.save(state, tmp_path / "w.pth")
    x = mt.randn(2, 2, 5, 5)
    port.load_state_dict(interop.load_state_dict(tmp_path / "w.pth", port))
    assert compare(model, port, x)
    state["module.downsample.0.weight"] = state["module.downsample.0.weight"].flip(0)
    interop.save(state, tmp_path / "w.pth")
    port.load_state_dict(interop.load_state_dict(tmp_path / "w.pth", port))
    first = compare(model, port, x).first
    assert first.name_a == "downsample.0"
    assert "weight has other values" in first.message
