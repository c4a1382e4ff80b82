"""Whole networks in a race: the engines compute the same, and what is written can be read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from benchmarks.networks import turns  # noqa: E402
from benchmarks.networks.works import WORKS, Work  # noqa: E402

PACE = turns.Pace(0.0, 2)
SMALL = {
    "resnet": Work("resnet", "resnet18", 4, size=64, classes=10),
    "resnet_cifar": Work("resnet_cifar", "resnet20", 2, size=16, classes=10),
    "bottleneck": Work("bottleneck", "resnet50", 4, size=64, classes=10),
    "unet": Work("unet", "unet_same", 2, 1, 32, 2, True, {"width": 4, "depth": 2}),
}
LEFT_OUT = {("unet", "torch"): {"folded"}, ("unet", "jax"): {"infer", "folded", "train"}}


def test_ours_alone_is_timed_drawn_and_written(tmp_path):
    out = tmp_path / "networks.json"
    command = [sys.executable, "-m", "benchmarks.networks", "--quick", "--engines", "ours",
               "--only", "lenet5_b128", "--no-scaling", "--threads", "1", "--out", out]  # fmt: skip
    text = subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["machine"]["cpu"] and written["machine"]["threads"] == 1
    modes = written["works"]["lenet5_b128"]
    assert list(modes) == ["infer", "folded", "train"]
    for mode, cells in modes.items():
        cell = cells["ours"]
        assert 0 < cell["least"] <= cell["low"] <= cell["median"] <= cell["high"]
        assert cell["count"] >= 2 and cell["rounds"] == 2 and cell["peak"] > 0
        assert f"lenet5_b128         {mode}" in text
    quoted = written["quoted"]
    assert "another machine" in quoted["note"]
    seconds = {"torch": 0.01, "chainer": 0.055, "dezero": 0.065}
    over = {peer: spent / modes["train"]["ours"]["median"] for peer, spent in seconds.items()}
    assert quoted["lenet5_b128"] == {"seconds": seconds, "over_ours": over}
    assert quoted["resnet18_cifar_b32"]["over_ours"] == {}
    assert (tmp_path / "cpu.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("peer", ["torch", "jax"])
@pytest.mark.parametrize("name", SMALL)
def test_engines_compute_the_same(name, peer):
    pytest.importorskip(peer)
    modes = turns.race(SMALL[name], ["ours", peer], 1, PACE)
    left_out = {mode for mode, cells in modes.items() if "skipped" in cells[peer]}
    assert left_out == LEFT_OUT.get((name, peer), {"folded"} if peer == "jax" else set())
    for mode, cells in modes.items():
        if mode in left_out:
            continue
        row = turns.compared(cells)[peer]
        assert row["difference"] < 1e-4 and row["ratio"] > 0 and row["memory"] > 0
        assert all(cells[engine]["rounds"] == 2 for engine in ("ours", peer))


def test_a_failure_is_told_and_stops_nothing():
    broken = Work("broken", "resnet17", 1)
    cells = turns.race(broken, ["ours"], 1, PACE, ("infer",))["infer"]
    assert "resnet17" in cells["ours"]["failed"]
    assert turns.compared(cells) == {}


def test_a_process_that_dies_is_told():
    engine = turns.Engine("ours", 1)
    engine.process.kill()
    engine.process.wait()
    assert "ended" in engine.ask("turn", seconds=0.0, cpu_time=False)["failed"]
    engine.close()


def test_engines_that_are_not_installed_are_known():
    names, absent = turns.installed(("ours", "no_such_library"))
    assert names == ["ours"] and absent == ["no_such_library"]


def test_the_works_are_those_of_the_table():
    assert [(w.name, w.images) for w in WORKS] == [
        ("lenet5_b1", (1, 1, 28, 28)), ("lenet5_b128", (128, 1, 28, 28)),
        ("resnet20_cifar_b32", (32, 3, 32, 32)), ("resnet18_cifar_b32", (32, 3, 32, 32)),
        ("vgg16_b4", (4, 3, 224, 224)), ("resnet18_b8", (8, 3, 224, 224)),
        ("resnet50_b4", (4, 3, 224, 224)), ("densenet121_b2", (2, 3, 224, 224)),
        ("unet_b2", (2, 1, 256, 256)),
    ]  # fmt: skip
