"""`python -m minitorch_cv.as_torch script.py`: scripts run as `python script.py` runs them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "scripts"


def run(*command, folder=None):
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "minitorch_cv.as_torch", *map(str, command)],
        capture_output=True, text=True, env=quiet, cwd=folder, timeout=600, check=False,
    )  # fmt: skip


def script(folder, text):
    path = folder / "script.py"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("tensors", "3.0 0.5"), ("two_layers", "4 "), ("layers_by_hand", "-0.6352]]]])"),
        ("resnet", "Linear(in_features=512, out_features=1000, bias=True)"),
        ("schedules", "[0.01, 0.001]"), ("old_style", "tensor([0., 1.])"),
        ("mixed_precision", "scale "), ("bfloat16", "use mt.float32, and"),
    ],
)  # fmt: skip
def test_scripts_of_the_course_run(name, last):
    done = run(SCRIPTS / f"{name}.py")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert last in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(("name", "last"), [("training", "[0, 0]]"), ("pictures", "True")])
def test_scripts_that_write_files_run(name, last, tmp_path):
    done = run(SCRIPTS / f"{name}.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(last)


@pytest.mark.slow
def test_frozen_features_and_a_new_head():
    done = run(SCRIPTS / "transfer.py")
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "True 0", done.stderr


def test_lenet_learns_real_digits(data_dir):
    done = run(SCRIPTS / "lenet.py", data_dir / "mnist")
    assert done.returncode == 0 and done.stdout.splitlines()[-1].startswith("True"), done.stderr


def test_a_convnet_learns_real_photos(data_dir, tmp_path):
    subprocess.run([sys.executable, data_dir / "lay_out_cifar10.py", tmp_path], check=True)
    done = run(SCRIPTS / "cifar.py", tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "True" and lines[-3] == "True"
    assert lines[0].endswith("(10000, 32, 32, 3) [6, 9, 9, 4, 1]")


def test_what_is_missing_is_one_error_that_names_it():
    done = run(SCRIPTS / "missing.py")
    lines, trace = done.stdout.splitlines(), done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0] == "False True False"
    assert lines[1].startswith("ModuleNotFoundError as_torch: torch.utils.tensorboard is not in")
    assert "as_torch: torch.fft is not in minitorch_cv" in lines[2]
    assert "torch.conv2 is not in minitorch_cv; the nearest names are torch.conv2d" in lines[3]
    assert "torch.Tensor.matrix_exp is not in minitorch_cv" in lines[4]
    assert "as_torch: torch.fft is not in minitorch_cv" in trace[-1]
    assert sum("File " in line for line in trace) == 2  # the script's own lines and no others
    assert all("missing.py" in line for line in trace if "File " in line)


def test_arguments_main_and_the_script_s_own_folder(tmp_path):
    (tmp_path / "beside.py").write_text("import torch\nVALUE = torch.ones(2)\n")
    path = script(
        tmp_path,
        "import sys, beside\nfrom pathlib import Path\n"
        "print(sys.argv[1:], __name__, Path(__file__).name, beside.VALUE)\n"
        "class A: pass\nprint(sys.modules['__main__'].A is A, A.__module__)\n",
    )
    done = run(path, "a", "--b", "-h")
    assert done.stdout.splitlines() == [
        "['a', '--b', '-h'] __main__ script.py tensor([1., 1.])", "True __main__",
    ], done.stderr  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("import sys; sys.exit(3)", 3, ""), ("raise SystemExit", 0, ""),
        ("import sys; sys.exit('no data')", 1, "no data\n"), ("1 / 0", 1, "ZeroDivisionError"),
        ("x = (", 1, "SyntaxError"),
        ("import torch\ntorch.ones(2, 3) @ torch.ones(2, 3)", 1, "line 2"),
    ],
)  # fmt: skip
def test_exit_codes_are_those_of_python(tmp_path, text, code, words):
    done = run(script(tmp_path, text))
    assert done.returncode == code and words in done.stderr
    assert "as_torch" not in done.stderr


def test_usage_and_a_script_that_is_not_there():
    assert run().returncode == 2 and "usage:" in run().stderr
    assert run("--help").returncode == 0
    done = run("nowhere.py")
    assert done.returncode == 2 and "can't open file 'nowhere.py'" in done.stderr


def test_an_installed_pytorch_is_not_touched(tmp_path):
    """A folder named torch beside the script, as an installed PyTorch would be on the path."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise RuntimeError('the other one')\n")
    done = run(script(tmp_path, "import torch; print(torch, torch.__version__)"))
    assert "answered by minitorch_cv" in done.stdout and "+minitorch_cv" in done.stdout
