"""The convolution benchmark runs, and knows the layers of the networks it names."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_one_layer_is_timed_and_written(tmp_path):
    out = tmp_path / "conv.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "conv.py"), "--quick", "--out", str(out)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "lenet 5×5 6→16 14²" in text
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written["machine"]["cpu"] and len(written["machine"]["load_before"]) == 3
    (row,) = written["layers"].values()
    assert all(row[part]["ours"] > 0 for part in ("forward", "gx", "gw"))


def test_every_shape_of_the_networks_is_there(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location("bench_conv", ROOT / "benchmarks" / "conv.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_conv"] = module
    spec.loader.exec_module(module)
    counts = {}
    for layer in module.layers():
        counts[layer.network] = counts.get(layer.network, 0) + 1
    # distinct shapes, counted in the tables of He et al. 2015 and Simonyan & Zisserman 2014
    assert counts["resnet50"] == 23 and counts["vgg16"] == 9
    assert counts["lenet"] == 2
